"""Pages under full load, each beside bare Flask with the same bytes (or the same rows), in turns."""

import urllib.request
from contextlib import nullcontext
from dataclasses import dataclass

from bench.speed.costs import counted
from bench.speed.course import EXAM, SLUG
from bench.speed.figures import Outcome, Plot, Row, middle
from bench.speed.ground import Ground, bare_flask
from bench.speed.load import Load, full


@dataclass(frozen=True)
class Page:
    """An address of Yurt, and what bare Flask answers beside it."""

    name: str
    path: str
    bare: str
    share: float | None = None
    rate: float | None = None
    is_api: bool = False
    is_changing: bool = False


PAGES = {
    "board-json": Page(
        "leaderboard JSON, top 50 and own row, changing once a second",
        f"/api/v1/courses/{SLUG}/leaderboard?per_page=50",
        "/board.json",
        share=0.6,
        is_api=True,
        is_changing=True,
    ),
    "board-page": Page(
        "leaderboard page, changing once a second, beside bare Flask rendering the same 50 rows",
        f"/courses/{SLUG}/leaderboard",
        "/board.html",
        share=0.6,
        is_changing=True,
    ),
    "course": Page("course page", f"/courses/{SLUG}", "/bytes/course", rate=500),
    "quiz": Page("quiz page", f"/courses/{SLUG}/quizzes/{EXAM}", "/bytes/quiz", rate=500),
    "dashboard": Page("dashboard", "/", "/bytes/dashboard", rate=500),
    "lesson": Page("lesson", f"/courses/{SLUG}/lessons/lesson-1-2", "/bytes/lesson", rate=500),
}


def measure(at: Ground, name: str, *, rounds: int, seconds: float) -> Outcome:
    """Ask for the page and for bare Flask's in turns; medians of the rounds, and of the ratios within a round."""
    page = PAGES[name]
    cookies = [f"Cookie: {student.cookie}" for student in at.students]
    headers = [f"Authorization: Bearer {student.token}" for student in at.students] if page.is_api else cookies
    _keep(at, page, name, headers[0])
    yurt: list[Load] = []
    bare: list[Load] = []
    spent: list[dict[str, float]] = []
    with bare_flask(at):
        full(at.bare_url + page.bare, headers, 1, at.folder)
        full(at.url + page.path, headers, 2, at.folder)
        for number in range(rounds):
            bare.append(full(at.bare_url + page.bare, headers, seconds, at.folder))
            with at.changing_board() if page.is_changing else nullcontext(), counted(at.site) as costs:
                yurt.append(full(at.url + page.path, headers, seconds, at.folder))
            spent.append(costs.each(yurt[-1].rate * seconds))
            print(f"  round {number + 1} of {rounds}: {yurt[-1].rate:.0f}/s, bare {bare[-1].rate:.0f}/s", flush=True)
    return _outcome(page, yurt, bare, spent)


def _keep(at: Ground, page: Page, name: str, header: str) -> None:
    """Give bare Flask what Yurt answers."""
    key, _, value = header.partition(": ")
    with urllib.request.urlopen(urllib.request.Request(at.url + page.path, headers={key: value})) as response:
        body = response.read()
    file = "board.json" if page.is_api else name
    (at.folder / "bare" / file).write_bytes(body)
    if name == "board-page":
        _keep(at, PAGES["board-json"], "board-json", f"Authorization: Bearer {at.students[0].token}")


def _outcome(page: Page, yurt: list[Load], bare: list[Load], spent: list[dict[str, float]]) -> Outcome:
    rate, beside = middle([load.rate for load in yurt]), middle([load.rate for load in bare])
    share = middle([one.rate / other.rate for one, other in zip(yurt, bare, strict=True) if other.rate])
    failed = sum(load.failed for load in [*yurt, *bare])
    p50, p99 = middle([load.p50 for load in yurt]), middle([load.p99 for load in yurt])
    aim = f">= {page.share:.0%} of bare Flask" if page.share else f">= {page.rate:.0f}/s"
    is_met = failed == 0 and (share >= page.share if page.share else rate >= (page.rate or 0))
    measured = f"{rate:.0f}/s, bare Flask {beside:.0f}/s: {share:.0%}; p50 {p50:.0f} ms, p99 {p99:.0f} ms"
    cost = {part: middle([each.get(part, 0.0) for each in spent]) for part in spent[-1]}
    measured += f"; {cost['all']:.1f} ms of a processor each, {cost['web']:.1f} of them in web"
    if failed:
        measured += f"; **{failed} failed**"
    data = {
        "rate": rate,
        "bare": beside,
        "share": share,
        "failed": failed,
        "p50_ms": p50,
        "p99_ms": p99,
        "cost_ms": cost,
    }
    data["rounds"] = [[round(one.rate, 1), round(other.rate, 1)] for one, other in zip(yurt, bare, strict=True)]
    bars = {"Yurt": [(0.0, rate)], "bare Flask": [(0.0, beside)]}
    return Outcome([Row(page.name, aim, measured, is_met)], [Plot(page.name, "", "requests/s", bars, True)], data)
