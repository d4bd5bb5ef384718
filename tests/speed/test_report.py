"""What a run of the speed benches leaves behind."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.speed import report, run
from bench.speed.figures import Outcome, Plot, Row, in_ms, percentile
from bench.speed.plots import svg
from config import ROOT

DONE = report.Done(
    "course",
    Outcome(
        [Row("course <page>", ">= 500/s", "7/s", False), Row("beside it", "", "1 ms")],
        [Plot("rates", "", "requests/s", {"Yurt": [(0, 7)], "bare Flask": [(0, 90)]}, True)],
        {"rate": 7},
    ),
    0.4,
    2.1,
)


def test_percentiles_are_values_that_occurred() -> None:
    times = [number / 1000 for number in range(1, 101)]

    assert percentile(times, 0.5) == 0.051
    assert in_ms(times) == {"count": 100, "p50": 51.0, "p95": 96.0, "p99": 100.0, "max": 100.0}
    assert in_ms([])["max"] == 0.0


@pytest.mark.parametrize(
    "plot",
    [
        DONE.outcome.plots[0],
        Plot("a < b", "s", "students", {"shown": [(0.1, 1), (2.5, 950)]}),
        Plot("nothing came", "s", "students", {"shown": []}),
    ],
)
def test_a_plot_is_drawn_inside_of_its_frame(plot: Plot) -> None:
    drawn = ElementTree.fromstring(svg(plot)).find("svg")

    assert drawn is not None
    width, height = (float(each) for each in drawn.attrib["viewBox"].split()[2:])
    for line in drawn.iter("polyline"):
        for point in line.attrib["points"].split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= width and 0 <= y <= height


def test_a_run_leaves_a_document_for_programs_and_a_page(tmp_path: Path) -> None:
    report.write_files(tmp_path / "results", [DONE], 2)

    document = json.loads((tmp_path / "results" / "speed.json").read_text())
    page = (tmp_path / "results" / "speed.html").read_text()
    assert document["scenarios"]["course"]["rate"] == 7
    assert document["scenarios"]["course"]["load"] == [0.4, 2.1]
    assert "course &lt;page&gt;" in page and "<svg" in page and 'class="no"' in page


def test_the_table_says_which_aim_is_missed_and_how_busy_the_machine_was() -> None:
    lines = report.table([DONE]).splitlines()

    assert lines[2] == "| course <page> | >= 500/s | 7/s | **no** | 0.4 to 2.1 |"
    assert lines[3] == "| beside it |  | 1 ms |  | 0.4 to 2.1 |"


def test_the_document_has_a_place_for_the_table() -> None:
    page = (ROOT / "docs" / "performance.md").read_text()

    assert page.index(report.BEGIN) < page.index(report.END)


def test_a_scenario_that_is_unknown_is_refused_before_anything_starts(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run.main(["course", "kourse"])

    assert "no scenario kourse" in capsys.readouterr().err
