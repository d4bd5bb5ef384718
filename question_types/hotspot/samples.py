"""Samples of hot spots."""

from question_types.samples import Samples

PICTURE = "![A tree of folders](files/tree.svg)"
AREA = {"rectangle": [10, 20, 30, 10]}
SAMPLES = Samples(
    raw={"picture": PICTURE, "areas": [AREA, {"ellipse": [70, 70, 10, 5]}]},
    more=[{"picture": PICTURE, "areas": [{"ellipse": ["12.5", 50, 3, 4]}]}],
    right={"x": "25", "y": "25"},
    wrong={"x": "90", "y": "5"},
    partly=[],
    secrets=("rectangle", "ellipse"),
    bad_raw=[
        ({}, "picture"),
        ({"picture": "files/tree.svg", "areas": [AREA]}, "picture"),
        ({"picture": "![](files/tree.svg)", "areas": [AREA]}, "picture"),
        ({"picture": "![x](https://example.org/x.svg)", "areas": [AREA]}, "picture"),
        ({"picture": "![x](files/../x.svg)", "areas": [AREA]}, "picture"),
        ({"picture": PICTURE}, "areas"),
        ({"picture": PICTURE, "areas": []}, "areas"),
        ({"picture": PICTURE, "areas": [[1, 2, 3, 4]]}, "areas[1]"),
        ({"picture": PICTURE, "areas": [{}]}, "areas[1]"),
        ({"picture": PICTURE, "areas": [{**AREA, "ellipse": [1, 2, 3, 4]}]}, "areas[1]"),
        ({"picture": PICTURE, "areas": [{"circle": [1, 2, 3]}]}, "areas[1].circle"),
        ({"picture": PICTURE, "areas": [{"rectangle": [1, 2, 3]}]}, "areas[1].rectangle"),
        ({"picture": PICTURE, "areas": [{"rectangle": [1, 2, 0, 3]}]}, "areas[1].rectangle"),
        ({"picture": PICTURE, "areas": [AREA, {"rectangle": [1, 2, 3, 101]}]}, "areas[2].rectangle[4]"),
    ],
    bad_responses=[
        "25,25",
        [25, 25],
        {"x": "-1"},
        {"x": "101", "y": "1"},
        {"z": "1"},
        {"x": "left"},
        {"x": ["1"]},
        {"x": True},
    ],
)
