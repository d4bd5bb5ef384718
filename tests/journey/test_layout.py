"""Nothing moves or stands askew, no page is wider than its window, each module runs once, code is copied as typed."""

import re

import pytest
from playwright.sync_api import Page

from blueprints import scripts
from tests.journey.pages import PAGES, fill, paths
from tests.journey.student import COURSE, LAB, QUIZ, SignedIn, Student
from tests.sites import LiveSite

pytestmark = pytest.mark.long

LESSON = f"{COURSE}/lessons/making-and-moving"
WIDTHS = (390, 1280)
NARROW = (360, 320)
# What web.dev calls good is 0.1; a page of ours has no reason to move at all.
MOST_SHIFT = 0.02
SHIFTS = """
window.shifts = 0;
new PerformanceObserver(list => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts += entry.value;
}).observe({type: "layout-shift", buffered: true});
"""
# Headings that don't stand over their columns, and fields that are wider than the room they have.
ASKEW = """() => {
  const left = cell => Math.round(cell.getBoundingClientRect().left);
  const right = box => Math.round(box.getBoundingClientRect().right);
  const tables = [...document.querySelectorAll("table")].filter(table => table.checkVisibility()).filter(table => {
    const [head, row] = [table.tHead?.rows ?? [], table.tBodies[0]?.rows[0]];
    return head.length === 1 && head[0].cells.length === row?.cells.length
      && [...head[0].cells].some((cell, place) => Math.abs(left(cell) - left(row.cells[place])) > 1);
  }).map(table => `the headings of table.${table.className}`);
  const fields = [...document.querySelectorAll(".field :is(input, select, textarea)")]
    .filter(input => right(input) > right(input.closest(".field")) + 1).map(input => `the field ${input.name}`);
  return [...tables, ...fields];
}"""
NAMED = """[...document.querySelectorAll("link[rel=modulepreload], script[src]")].map(tag => tag.href || tag.src)"""
TYPED = """async ([text, isTranscript]) => (await import("/static/js/copy.js")).typed(text, isTranscript)"""


@pytest.fixture(scope="module")
def names(demo_site: LiveSite) -> dict[str, str]:
    return fill(demo_site)


@pytest.mark.parametrize("who", PAGES)
def test_nothing_moves_or_stands_askew_and_no_page_is_wider_than_its_window(
    demo_site: LiveSite, signed_in: SignedIn, page: Page, names: dict[str, str], who: str
) -> None:
    faults = []
    if who:
        signed_in.student(who, page)
    page.context.add_init_script(SHIFTS)
    # A tab for each width: they become quiet together.
    tabs = {width: page.context.new_page() for width in WIDTHS}
    for path in paths(who, names):
        for width, tab in tabs.items():
            tab.set_viewport_size({"width": width, "height": 800})
            tab.goto(demo_site.url + path, wait_until="commit")
        for width, tab in tabs.items():
            tab.wait_for_load_state("networkidle")
            shifted = tab.evaluate("window.shifts")
            if shifted >= MOST_SHIFT:
                faults.append(f"{path} moves by {shifted:.3f} at {width} px")
            if width == max(WIDTHS):
                faults += [f"{path}: askew: {what}" for what in tab.evaluate(ASKEW)]
            for narrow in (width, *NARROW) if width == min(WIDTHS) else (width,):
                tab.set_viewport_size({"width": narrow, "height": 800})
                if (wide := tab.evaluate("document.scrollingElement.scrollWidth")) > narrow:
                    faults.append(f"{path} is {wide} px wide in {narrow}")

    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(("width", "is_shown"), [(390, False), (1280, True)])
def test_the_outline_stands_open_only_where_there_is_room(bob: Student, width: int, is_shown: bool) -> None:
    bob.page.set_viewport_size({"width": width, "height": 500})

    bob.page.goto(bob.site.url + LESSON)

    link = bob.page.locator(".outline [aria-current]")
    assert link.is_visible() is is_shown
    if not is_shown:
        bob.page.locator(".outline > summary").click()
        link.wait_for(state="visible")


@pytest.mark.parametrize("path", [LESSON, LAB, QUIZ, f"{COURSE}/leaderboard", "/account"])
def test_each_module_is_loaded_under_one_address_and_named_by_the_page(bob: Student, path: str) -> None:
    seen: list[str] = []
    bob.page.on("request", lambda request: seen.append(request.url))

    bob.page.goto(bob.site.url + path, wait_until="networkidle")

    modules = [url for url in seen if "/static/js/" in url]
    paths = [url.partition("?")[0] for url in modules]
    assert modules
    assert len(paths) == len(set(paths))
    named = set(bob.page.evaluate(NAMED))
    later = {f"{bob.site.url}/static/js/{name}.js" for name in ("terminal", *scripts.imports("terminal"))}
    assert set(modules) - later <= named


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
    bob.open("/")

    assert bob.page.evaluate(TYPED, [text, is_transcript]) == wanted


@pytest.mark.parametrize(
    ("device", "theme", "medium", "shown"),
    [
        ("light", "system", "screen", "light"),
        ("dark", "system", "screen", "dark"),
        ("dark", "light", "screen", "light"),
        ("light", "dark", "screen", "dark"),
        ("dark", "dark", "print", "light"),
        ("dark", "system", "print", "light"),
    ],
)
def test_a_page_has_the_colours_of_its_theme(
    demo_site: LiveSite, page: Page, device: str, theme: str, medium: str, shown: str
) -> None:
    page.emulate_media(media=medium, color_scheme=device)  # type: ignore[arg-type]  # of the values that there are
    page.goto(f"{demo_site.url}/courses")
    page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)

    ink = page.evaluate("getComputedStyle(document.querySelector('.card')).color")

    assert (sum(map(int, re.findall(r"\d+", ink)[:3])) > 382) == (shown == "dark")


def test_the_names_of_a_gradebook_keep_their_lines_when_it_is_scrolled(
    demo_site: LiveSite, signed_in: SignedIn, page: Page
) -> None:
    signed_in.student("alice", page)
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{demo_site.url}{COURSE}/gradebook")

    lines = page.evaluate(
        """() => {
          const table = document.querySelector(".gradebook"), last = [...table.tBodies[0].rows].at(-1);
          table.parentElement.scrollLeft = 150;
          const [name, beside] = [last.cells[0], last.cells[1]].map(cell => getComputedStyle(cell));
          return {collapse: getComputedStyle(table).borderCollapse, edge: name.borderInlineEndWidth,
            below: [name.borderBottomWidth, beside.borderBottomWidth]};
        }"""
    )

    # Lines that collapse belong to the table, and don't go along with a cell that sticks.
    assert lines == {"collapse": "separate", "edge": "1px", "below": ["0px", "0px"]}
