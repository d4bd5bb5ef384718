"""The bench of terminals keeps its own promises, on few enough for a test."""

from bench import terminals


def test_every_line_typed_into_a_few_terminals_comes_back(redis_url: str) -> None:
    lines, _echo, _memory, _processor = terminals.run(redis_url, terminals=10, seconds=1.5)

    # How soon they come, and in how much memory, is the machine's affair with so few.
    assert lines.is_met
    assert lines.measured == lines.aim
