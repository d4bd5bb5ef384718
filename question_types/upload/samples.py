"""Samples of uploads."""

from question_types.samples import Samples

DRAWING = {"id": "7", "name": "Zeichnung (1) é.pdf", "size": 1200}
SAMPLES = Samples(
    raw={"accept": ["pdf", ".PNG"], "most": 2, "model_answer": "Because it is a tree."},
    more=[{"accept": ["txt"]}, {"accept": ["zip"], "most": 10}],
    right=[DRAWING],
    wrong=[{"id": "8", "name": "no.png", "size": 1}],
    is_graded_later=True,
    is_sent_by_script=True,
    secrets=("Because",),
    bad_raw=[
        ({}, "accept"),
        ({"accept": []}, "accept"),
        ({"accept": "pdf"}, "accept"),
        ({"accept": ["exe"]}, "accept[1]"),
        ({"accept": ["pdf", "PDF"]}, "accept"),
        ({"accept": [3]}, "accept[1]"),
        ({"accept": ["pdf"], "most": 0}, "most"),
        ({"accept": ["pdf"], "most": 11}, "most"),
        ({"accept": ["pdf"], "most": "two"}, "most"),
        ({"accept": ["pdf"], "model_answer": 3}, "model_answer"),
        ({"accept": ["pdf"], "size": 3}, "size"),
    ],
    bad_responses=[
        *("7", 7, {"id": "7"}, ["7"], [{"id": "7"}], [DRAWING, DRAWING], [{**DRAWING, "id": 7}]),
        *([{**DRAWING, "id": "-7"}], [{**DRAWING, "id": "0"}], [{**DRAWING, "id": "9" * 19}]),
        *([{**DRAWING, "name": ""}], [{**DRAWING, "name": "a\nb"}], [{**DRAWING, "name": "x" * 201}]),
        *([{**DRAWING, "size": 0}], [{**DRAWING, "size": 10 * 1024 * 1024 + 1}], [{**DRAWING, "size": True}]),
        *([{**DRAWING, "path": "/"}], [{**DRAWING, "id": str(n)} for n in range(1, 4)]),
    ],
)
