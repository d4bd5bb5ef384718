"""The exam: N students press Start in one second, think, answer two questions at a time, and hand in together."""

import argparse
import asyncio
import contextlib
import resource
import time
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import psutil

from bench.speed.answers import shares
from bench.speed.browser import Browser, Unexpected
from bench.speed.costs import counted
from bench.speed.course import EXAM, EXAM_QUESTIONS
from bench.speed.figures import Outcome, Plot, Row, in_ms, percentile, told
from bench.speed.ground import Ground
from bench.speed.proof import closed, compare

RUSH_S = 1.0
THOUGHT_S = (30.0, 90.0)
# In the quick one a hundred students save a hundred answers a second, and more students as many.
QUICK_S = (1.0, 3.0)
SAVE_P95_MS = 150
# Within how many seconds every first page is there, by the number of students.
FIRST_PAGES = ((100, 2.0), (1000, 5.0), (3000, 15.0))


@dataclass
class Diary:
    """What happened to whom, in seconds."""

    questions: list[float] = field(default_factory=list)
    pages: list[float] = field(default_factory=list)
    hand_ins: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    # How many had their questions, or had handed in, at a second of the run.
    shown: list[tuple[float, float]] = field(default_factory=list)
    handed: list[tuple[float, float]] = field(default_factory=list)
    # Closed once everybody has their page; until then it counts what the site uses of a processor.
    counting: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)


def run(at: Ground, options: argparse.Namespace) -> Outcome:
    """Sit the exam."""
    _allow_files()
    students = min(options.students, len(at.students))
    quick = (QUICK_S[0] * max(1.0, students / 100), QUICK_S[1] * max(1.0, students / 100))
    thought = tuple(map(min, quick, THOUGHT_S)) if options.quick else THOUGHT_S
    return asyncio.run(_sit(at, students, (thought[0], thought[1])))


def _allow_files() -> None:
    """A student is two open files on each side."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def _sit(at: Ground, students: int, thought: tuple[float, float]) -> Outcome:
    port = urlsplit(at.url).port or 80
    # Each has an address of their own, as people at home have.
    browsers = [
        Browser(port, student, f"127.0.{1 + number // 250}.{1 + number % 250}")
        for number, student in enumerate(at.students[:students])
    ]
    diary, barrier = Diary(), asyncio.Barrier(students)
    began = time.monotonic()
    own = psutil.Process().cpu_times()
    costs = diary.counting.enter_context(counted(at.site))
    telling = asyncio.create_task(_tell(diary, browsers, students))
    await asyncio.gather(*(_one(one, began, thought, barrier, diary) for one in browsers))
    telling.cancel()
    spent = sum(psutil.Process().cpu_times()[:2]) - sum(own[:2])
    took = time.monotonic() - began
    kept, lost = compare(at, browsers)
    graded = closed(at, browsers)
    await asyncio.gather(*(browser.close() for browser in browsers))
    diary.faults += [fault for browser in browsers for fault in browser.faults]
    saves = [each for browser in browsers for each in browser.saves]
    diary.counting.close()
    outcome = _outcome(students, thought, diary, saves, (kept, lost, graded), took, spent)
    if len(diary.pages) == students:
        each = costs.each(students)
        parts = ", ".join(f"{part} {each[part]:.1f}" for part in ("web", "postgresql", "door", "gateway"))
        what = f"exam, {students} students: milliseconds of a processor until a page is there"
        outcome.rows.insert(3, Row(what, "", f"{each['all']:.1f} each, without the client's: {parts}"))
        outcome.data["start_ms"] = each
    return outcome


async def _one(
    browser: Browser, began: float, thought: tuple[float, float], barrier: asyncio.Barrier, diary: Diary
) -> None:
    await asyncio.sleep(browser.rng.random() * RUSH_S)
    pressed = time.monotonic()
    try:
        await browser.start(EXAM)
        diary.questions.append(time.monotonic() - pressed)
        diary.shown.append((time.monotonic() - began, len(diary.questions)))
        await browser.load_rest()
        diary.pages.append(time.monotonic() - pressed)
        if len(diary.pages) == barrier.parties:
            diary.counting.close()
        positions = sorted(browser.items)
        for pair in zip(positions[::2], positions[1::2], strict=True):
            await asyncio.sleep(browser.rng.uniform(*thought))
            for position in pair:
                await browser.save(position)
    except (Unexpected, OSError, EOFError, TimeoutError) as error:
        diary.faults.append(f"{type(error).__name__}: {error}")
    await barrier.wait()
    ended = time.monotonic()
    await asyncio.sleep(browser.rng.random() * RUSH_S)
    if not browser.items:
        return
    pressed = time.monotonic()
    if await browser.hand_in():
        try:
            await browser.read(f"{browser.attempt}/result")
        except (Unexpected, OSError, EOFError, TimeoutError) as error:
            diary.faults.append(f"result: {type(error).__name__}: {error}")
        diary.hand_ins.append(time.monotonic() - pressed)
        diary.handed.append((time.monotonic() - ended, len(diary.hand_ins)))


async def _tell(diary: Diary, browsers: list[Browser], students: int) -> None:
    while True:
        await asyncio.sleep(5)
        saved, most = sum(len(browser.receipts) for browser in browsers), students * EXAM_QUESTIONS
        print(
            f"  {len(diary.pages)} of {students} have their page, {saved} of {most} answers saved, "
            f"{len(diary.hand_ins)} handed in, {len(diary.faults)} faults",
            flush=True,
        )


def _outcome(
    students: int,
    thought: tuple[float, float],
    diary: Diary,
    saves: list[float],
    proof: tuple[int, int, int],
    took: float,
    spent: float,
) -> Outcome:
    kept, lost, graded = proof
    name = f"exam, {students} students"
    within = next((seconds for number, seconds in FIRST_PAGES if students <= number), FIRST_PAGES[-1][1])
    slowest, summed = max(diary.questions, default=0.0), in_ms(saves)
    by_kind = ", ".join(f"{number} x {fault}" for fault, number in Counter(diary.faults).most_common(5))
    hand_in = in_ms(diary.hand_ins)
    is_first_in_time = len(diary.questions) == students and slowest <= within
    rows = [
        Row(f"{name}: failures", "none", by_kind or "none", not diary.faults),
        Row(
            f"{name}: every first page",
            f"within {within:.0f} s",
            f"{len(diary.questions)} of {students}, {_told(diary.questions)}",
            is_first_in_time,
        ),
        Row(
            f"{name}: first page with its pictures and what is saved",
            "",
            _told(diary.pages),
        ),
        Row(
            f"{name}: saves, {thought[0]:.0f} to {thought[1]:.0f} s of thought for two",
            f"p95 < {SAVE_P95_MS} ms",
            f"{len(saves)}: {told(summed)}",
            summed["p95"] < SAVE_P95_MS and len(saves) > 0,
        ),
        Row(f"{name}: answers lost", "none", f"{lost} of {kept + lost} with a receipt", lost == 0),
        Row(
            f"{name}: handed in within one second, graded",
            "all",
            f"{graded} of {students}; result page {_told(diary.hand_ins)}",
            graded == students,
        ),
    ]
    plots = [
        Plot(f"{name}: who has the questions", "s since the first press", "students", {"shown": diary.shown}),
        Plot(f"{name}: saves", "ms", "share", {"saves": shares(saves)}),
        Plot(f"{name}: who sees the result", "s since the end", "students", {"handed in": diary.handed}),
    ]
    data = {
        "students": students,
        "thought_s": thought,
        "first_page_ms": in_ms(diary.questions),
        "whole_page_ms": in_ms(diary.pages),
        "saves_ms": summed,
        "hand_in_ms": hand_in,
        "faults": Counter(diary.faults),
        "kept": kept,
        "lost": lost,
        "graded": graded,
        "seconds": round(took, 1),
        "client_processor_seconds": round(spent, 1),
    }
    return Outcome(rows, plots, data)


def _told(times: list[float]) -> str:
    return f"p50 {percentile(times, 0.5):.1f} s, the last after {max(times, default=0.0):.1f} s"
