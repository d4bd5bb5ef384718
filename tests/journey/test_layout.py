"""The outline moves nothing while a page loads, each module runs once, and code is copied as one would type it."""

import pytest

from tests.journey.student import COURSE, QUIZ, Student

LESSON = f"{COURSE}/lessons/making-and-moving"
SHIFTS = """
window.shifts = 0;
new PerformanceObserver(list => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts += entry.value;
}).observe({type: "layout-shift", buffered: true});
"""
TYPED = """async ([text, isTranscript]) => (await import("/static/js/copy.js")).typed(text, isTranscript)"""


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("path", ["/", COURSE, LESSON, QUIZ])
def test_the_outline_moves_nothing_while_a_page_loads(bob: Student, width: int, path: str) -> None:
    page = bob.page
    page.set_viewport_size({"width": width, "height": 800})
    page.add_init_script(SHIFTS)

    page.goto(bob.site.url + path, wait_until="networkidle")

    assert page.evaluate("window.shifts") < 0.02


@pytest.mark.parametrize(("width", "is_shown"), [(390, False), (1280, True)])
def test_the_outline_stands_open_only_where_there_is_room(bob: Student, width: int, is_shown: bool) -> None:
    bob.page.set_viewport_size({"width": width, "height": 500})

    bob.page.goto(bob.site.url + LESSON)

    link = bob.page.locator(".outline [aria-current]")
    assert link.is_visible() is is_shown
    if not is_shown:
        bob.page.locator(".outline > summary").click()
        link.wait_for(state="visible")


def test_each_module_is_loaded_under_one_address(bob: Student) -> None:
    seen: list[str] = []
    bob.page.on("request", lambda request: seen.append(request.url))

    bob.page.goto(bob.site.url + LESSON, wait_until="networkidle")

    modules = [url for url in seen if "/static/js/" in url]
    paths = [url.partition("?")[0] for url in modules]
    assert modules
    assert len(paths) == len(set(paths))


@pytest.mark.parametrize(
    ("text", "is_transcript", "wanted"),
    [
        ("$ ls\na.txt\n$ pwd\n/root\n", True, "ls\npwd\n"),
        ("root@box:~# id\nuid=0\n", True, "id\n"),
        ("$ cat \\\n  a.txt\nhello\n", True, "cat \\\n  a.txt\n"),
        ("$ for f in *; do\n> echo $f\n> done\nx\n", True, "for f in *; do\necho $f\ndone\n"),
        ("$ ls\n", False, "ls\n"),
        ("# a comment\nls\n", False, "# a comment\nls\n"),
        ("echo $HOME\n", False, "echo $HOME\n"),
    ],
)
def test_copied_code_is_what_one_types(bob: Student, text: str, is_transcript: bool, wanted: str) -> None:
    assert bob.page.evaluate(TYPED, [text, is_transcript]) == wanted
