"""What can be wrong in a course's folder: the change, and the fault that is told."""

from question_types import TYPES
from services.archive.folder import MAX_FILE
from services.archive.messages import fields_of
from services.archive.shapes import QuizFile
from tests.archive.damages_of_labs import OF_LABS
from tests.archive.folders import COURSE, LESSON, QUIZ, with_line

SLUG = "must be a-z, 0-9 and single hyphens, at most 60 characters"

DAMAGED = {
    "no course.yaml": ({"course.yaml": None}, ["course.yaml:1: file: is missing"]),
    "empty course.yaml": (
        {"course.yaml": ""},
        ["course.yaml:1: file: must be a list of `field: value`"],
    ),
    "later format": (
        with_line("course.yaml", "format: 1", "format: 2"),
        ["course.yaml:1: format: must be 1, the only format that this version of Yurt knows"],
    ),
    "broken yaml": (
        with_line("course.yaml", "title: A tiny", "title: A: tiny"),
        ["course.yaml:3: yaml: isn't valid YAML: mapping values are not allowed in this context"],
    ),
    "aliases": (
        with_line("course.yaml", "title: A tiny course", "title: &a [x, x]\nlanguage: [*a, *a]"),
        [
            "course.yaml:3: title: anchors (&name) and aliases (*name) aren't allowed",
            "course.yaml:3: title: must be a text (put it in quotes)",
            "course.yaml:4: language[1]: anchors (&name) and aliases (*name) aren't allowed",
            "course.yaml:4: language[2]: anchors (&name) and aliases (*name) aren't allowed",
            "course.yaml:4: language: must be a text (put it in quotes)",
        ],
    ),
    "alias where something is required": (
        with_line("course.yaml", "title: A tiny course", "title: *a"),
        ["course.yaml:3: title: anchors (&name) and aliases (*name) aren't allowed"],
    ),
    "merge key": (
        with_line("course.yaml", "title: A tiny course", "title: A tiny course\n<<: {a: 1}"),
        ["course.yaml:4: yaml: a key must be a plain word"],
    ),
    "tag": (
        with_line("course.yaml", "title: A", "title: !!python/name:os.system A"),
        ["course.yaml:3: title: tags such as tag:yaml.org,2002:python/name:os.system aren't allowed"],
    ),
    "deep nesting": (
        with_line("course.yaml", "title: A tiny course", "title: " + "[" * 5_000 + "]" * 5_000),
        ["course.yaml:3: yaml: is nested over 12 levels deep"],
    ),
    "duplicate key": (
        with_line("course.yaml", "enrolment: code", "enrolment: code\ntitle: Again"),
        ["course.yaml:7: title: is said twice, first on line 3"],
    ),
    "second document": (
        {"course.yaml": COURSE["course.yaml"] + "---\nslug: other\n"},
        ["course.yaml:10: yaml: holds a second document (a line of ---)"],
    ),
    "unknown field": (
        with_line("basics/module.yaml", "title: Basics", "title: Basics\nsumary: x"),
        ["basics/module.yaml:2: sumary: isn't a field here; it knows activities, summary, title"],
    ),
    "wrong types": (
        with_line("course.yaml", "is_published: true", "is_published: yes\nlanguage: 7"),
        [
            "course.yaml:5: is_published: must be true or false",
            "course.yaml:6: language: must be a text (put it in quotes)",
        ],
    ),
    "code missing": (
        with_line("course.yaml", "enrol_code: tiny-2026\n", ""),
        ["course.yaml:1: enrol_code: is missing, but enrolment is by code"],
    ),
    "empty code": (
        with_line("course.yaml", "enrol_code: tiny-2026", "enrol_code: ''"),
        ["course.yaml:7: enrol_code: is missing, but enrolment is by code"],
    ),
    "bad slug": (
        with_line("course.yaml", "slug: tiny", "slug: ../tiny"),
        [f"course.yaml:2: slug: {SLUG}"],
    ),
    "module missing": (
        with_line("course.yaml", "  - basics", "  - basics\n  - more"),
        ["course.yaml:10: modules: there is no more/module.yaml"],
    ),
    "module outside": (
        with_line("course.yaml", "  - basics", "  - basics\n  - ../../etc"),
        [f"course.yaml:10: modules[2]: {SLUG}"],
    ),
    "grading of what isn't there": (
        {
            "course.yaml": COURSE["course.yaml"]
            + "grading:\n  - title: A\n    weight: 0\n    activities: [quiz, gone]\n    extra_credit: [lab]\n"
            + "  - title: B\n    weight: 1\n    activities:\n      - quiz\n    extra_credit: [quiz]\n"
        },
        [
            "course.yaml:12: grading[1].weight: must be a number from 0.01 to 1000 with at most two decimals",
            "course.yaml:13: grading[1].activities[2]: there is no activity gone",
            "course.yaml:14: grading[1].extra_credit[1]: lab isn't one of the activities",
            "course.yaml:18: grading[2].activities[1]: quiz counts already",
            "course.yaml:19: grading[2].extra_credit: holds all of the activities: is_extra says that of a category",
        ],
    ),
    "grading of nothing but extras": (
        {
            "course.yaml": COURSE["course.yaml"]
            + "grading:\n  - title: A\n    weight: 5\n    activities: [quiz]\n    is_extra: true\n"
        },
        ["course.yaml:10: grading: has extra categories alone: at least one must count as asked for"],
    ),
    "activity missing": (
        with_line("basics/module.yaml", "[words, quiz, lab]", "\n  - words\n  - quiz\n  - lab\n  - gone"),
        [
            "basics/module.yaml:6: activities: there is none of basics/gone.md, basics/gone.quiz.yaml, "
            "basics/gone.lab/lab.yaml"
        ],
    ),
    "activity of two kinds": (
        {"basics/quiz.md": "---\ntitle: x\n---\n"},
        ["basics/module.yaml:2: activities: there is more than one of basics/quiz.md, basics/quiz.quiz.yaml"],
    ),
    "activity twice": (
        {
            **with_line("course.yaml", "  - basics", "  - basics\n  - more"),
            "more/module.yaml": "title: More\nactivities: [words]\n",
        },
        ["more/module.yaml:2: activities: words is already in the module basics"],
    ),
    "activity twice in a module": (
        with_line("basics/module.yaml", "[words, quiz, lab]", "[words, quiz, lab, words]"),
        ["basics/module.yaml:2: activities[4]: names words again"],
    ),
    "unlisted lesson": (
        {"basics/draft.md": "---\ntitle: x\n---\n"},
        ["basics/draft.md:1: file: isn't part of the course; nothing refers to it"],
    ),
    "no front matter": (
        {LESSON: "# Just text\n"},
        [f"{LESSON}:1: front matter: is missing: begin with a line ---, then title: ..., then a line ---"],
    ),
    "bad front matter": (
        with_line(LESSON, "minutes: 5", "minutes: five\nlevel: 3"),
        [
            f"{LESSON}:3: minutes: must be a whole number from 1 to 1000",
            f"{LESSON}:4: level: isn't a field here; it knows minutes, points, title",
        ],
    ),
    "broken front matter": (
        with_line(LESSON, "minutes: 5", "minutes: [5"),
        [f"{LESSON}:4: yaml: isn't valid YAML: did not find expected ',' or ']'"],
    ),
    "link to a missing file": (
        with_line(LESSON, "files/dot.svg", "files/line.svg"),
        [f"{LESSON}:7: link: there is no files/line.svg"],
    ),
    "not UTF-8": (
        {"about.md": "First\nS\xe9cond\n".encode("latin-1")},
        ["about.md:2: file: isn't UTF-8"],
    ),
    "UTF-16, as some editors write": (
        {"basics/module.yaml": COURSE["basics/module.yaml"].encode("utf-16")},
        ["basics/module.yaml:1: file: isn't UTF-8"],
    ),
    "NUL in Markdown": (
        {"about.md": "First\n\nThird\x00\n"},
        ["about.md:3: file: holds the control character U+0000"],
    ),
    "NUL in YAML": (
        with_line("course.yaml", "A tiny course", '"A \\0 course"'),
        ["course.yaml:3: title: holds the control character U+0000"],
    ),
    "NUL in a choice": (
        with_line(QUIZ, "text: that", 'text: "th\\0at"'),
        [f"{QUIZ}:11: questions[1].choices[2].text: holds the control character U+0000"],
    ),
    "NaN points": (
        with_line(QUIZ, "points: 2.5", "points: .nan"),
        [f"{QUIZ}:16: questions[2].points: must be a number from 0.01 to 1000 with at most two decimals"],
    ),
    "infinite answer": (
        with_line(QUIZ, "answer: 3.14", "answer: .inf"),
        [f"{QUIZ}:17: questions[2].answer: must be a number"],
    ),
    "unknown kind": (
        with_line(QUIZ, "kind: numeric", "kind: riddle"),
        [f"{QUIZ}:14: questions[2].kind: must be one of {', '.join(TYPES)}"],
    ),
    "field of another kind": (
        with_line(QUIZ, "tolerance: 0.01", "accept: [pi]"),
        [f"{QUIZ}:18: questions[2].accept: isn't a field here; it knows {', '.join(TYPES['numeric'].fields)}"],
    ),
    "fault in a choice": (
        with_line(QUIZ, "text: that", "text: 12"),
        [f"{QUIZ}:11: questions[1].choices[2].text: must be a text (put it in quotes)"],
    ),
    "question twice": (
        with_line(QUIZ, "slug: pi", "slug: one"),
        [f"{QUIZ}:13: questions[2].slug: one is the slug of another question here"],
    ),
    "questions not a list": (
        with_line(QUIZ, "questions:\n", "questions: none\nmore:\n"),
        [
            f"{QUIZ}:4: questions: must be a list (lines that begin with -)",
            f"{QUIZ}:5: more: isn't a field here; it knows {', '.join(sorted(fields_of(QuizFile)))}",
        ],
    ),
    "question not a mapping": (
        {QUIZ: "title: A quiz\nquestions:\n  - why?\n"},
        [
            f"{QUIZ}:3: questions[1]: must be a list of `field: value`",
        ],
    ),
    "alias in a choice": (
        with_line(QUIZ, "text: that", "text: *that"),
        [f"{QUIZ}:11: questions[1].choices[2].text: anchors (&name) and aliases (*name) aren't allowed"],
    ),
    "active picture": (
        {"files/dot.svg": '<svg xmlns="http://www.w3.org/2000/svg">\n<script>alert(1)</script></svg>'},
        ["files/dot.svg:2: svg: holds something active"],
    ),
    "odd file name": (
        {"files/a b.txt": "x"},
        ["files/a b.txt:1: file: has a name with other characters than A-Z a-z 0-9 . _ -"],
    ),
    "line end and escape in a file name": (
        {"files/a\nb\x1b[2J.txt": "x"},
        [r"files/a\nb\x1b[2J.txt:1: file: has a name with other characters than A-Z a-z 0-9 . _ -"],
    ),
    "file over 10 MB": (
        {"files/big.bin": b"\0" * (MAX_FILE + 1)},
        ["files/big.bin:1: file: is over 10 MB"],
    ),
    "lesson over 1 MB": (
        {LESSON: "---\ntitle: x\n---\n" + "x" * 1024 * 1024},
        [f"{LESSON}:1: file: is over 1 MB"],
    ),
    **OF_LABS,
}
