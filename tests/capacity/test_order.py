"""The fair order, as a pure function."""

import uuid
from collections import Counter
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from reasons import Code, Reason
from services.capacity import order
from services.capacity.order import Choice, Full, Holdings, Limits, Needs, Room, Waiting, Warm
from tests.capacity.conftest import NOW, later

WIDE = Limits(total=50, user=2)
SMALL = {"cpu_mhz": 100, "memory_mb": 256}


FULL = Reason(Code.NODES_FULL, resource="memory", count=1, total=2)


def waits(number: int, course: int = 1, **values: Any) -> Waiting:
    """The session `number`, of a student of its own, since that many seconds."""
    facts = {"user_id": number, "lab_id": course, "queued_at": later(number), **SMALL}
    return Waiting(id=uuid.UUID(int=number), course_id=course, **{**facts, **values})


entries = st.lists(
    st.builds(
        lambda course, user, at, held: (course, user, at, held),
        st.integers(1, 4),
        st.integers(1, 12),
        st.integers(0, 20),
        st.integers(0, 3),
    ),
    max_size=40,
).map(
    lambda rows: [
        waits(number, course, user_id=user, queued_at=later(at), held_by_user=held)
        for number, (course, user, at, held) in enumerate(rows, start=1)
    ]
)


def numbers(turn: list[Waiting]) -> list[int]:
    return [entry.id.int for entry in turn]


def test_in_one_course_who_came_first_is_first() -> None:
    assert numbers(order.order([waits(3), waits(1), waits(2)], {1: 7}, 2)) == [1, 2, 3]


def test_a_course_with_fewer_machines_goes_first_until_both_have_as_many() -> None:
    waiting = [waits(number, 1) for number in (1, 2, 3)] + [waits(number, 2) for number in (4, 5, 6)]

    turn = order.order(waiting, {1: 2, 2: 0}, 2)

    assert [entry.course_id for entry in turn] == [2, 2, 1, 2, 1, 1]


def test_equal_courses_go_by_who_waits_longest() -> None:
    assert numbers(order.order([waits(2, 1), waits(1, 2)], {}, 2)) == [1, 2]


def test_somebody_at_their_own_limit_is_in_nobodys_way() -> None:
    waiting = [waits(1, held_by_user=2), waits(2), waits(3, user_id=2), waits(4, user_id=2), waits(5)]

    assert numbers(order.order(waiting, {}, 2)) == [2, 3, 5, 1, 4]


@settings(deadline=None)
@given(entries)
def test_everybody_has_exactly_one_place(waiting: list[Waiting]) -> None:
    turn = order.order(waiting, {1: 3}, 2)

    assert Counter(numbers(turn)) == Counter(numbers(waiting))


@settings(deadline=None)
@given(entries)
def test_nobody_of_a_course_is_overtaken_within_it_unless_by_their_own_limit(waiting: list[Waiting]) -> None:
    turn = order.order(waiting, {}, 100)

    for course in {entry.course_id for entry in waiting}:
        came = [(entry.queued_at, entry.id) for entry in turn if entry.course_id == course]
        assert came == sorted(came)


@settings(deadline=None)
@given(entries, st.dictionaries(st.integers(1, 4), st.integers(0, 30)))
def test_each_place_goes_to_a_course_with_the_fewest_machines(waiting: list[Waiting], held: dict[int, int]) -> None:
    counts = Counter(held)
    rest = list(turn := order.order(waiting, held, 100))

    for entry in turn:
        assert counts[entry.course_id] == min(counts[other.course_id] for other in rest)
        counts[entry.course_id] += 1
        rest.remove(entry)


def test_a_large_lab_is_not_overtaken_by_small_ones_for_ever() -> None:
    held = Holdings(by_course={1: 1}, cpu_mhz=100, memory_mb=3500, cluster_cpu_mhz=8000, cluster_memory_mb=4096)

    choice = order.choose([waits(1, memory_mb=1024), waits(2)], held, WIDE, NOW)

    assert choice.entry is None


def test_a_lab_larger_than_the_cluster_holds_up_nobody() -> None:
    held = Holdings(cluster_cpu_mhz=8000, cluster_memory_mb=4096)

    choice = order.choose([waits(1, memory_mb=9000), waits(2)], held, WIDE, NOW)

    assert choice.entry == waits(2)


def test_a_lab_larger_than_every_machine_holds_up_nobody_and_costs_no_warm_machine() -> None:
    nodes = [Room(4000, 2048), Room(1000, 4096)]
    held = Holdings(warm={7: Warm(ready=3)}, cluster_cpu_mhz=5000, cluster_memory_mb=6144, nodes=nodes)
    tried = {
        "waiting_for": FULL,
        "retry_at": NOW + timedelta(seconds=5),
    }

    large = waits(1, cpu_mhz=2000, memory_mb=4000, **tried)

    assert order.no_room(Needs(2000, 4000), held, WIDE) == Full("size")
    assert order.no_room(Needs(2000, 2000), held, WIDE) is None
    assert order.choose([large], held, WIDE, NOW) == Choice()
    assert order.choose([large, waits(2)], held, WIDE, NOW).entry == waits(2)
    assert not order.can_move(large, held, WIDE)


def test_a_lab_larger_than_what_is_left_takes_its_own_warm_machine() -> None:
    held = Holdings(warm={1: Warm(ready=1)}, cluster_cpu_mhz=5000, cluster_memory_mb=6144, nodes=[Room(1000, 1024)])

    choice = order.choose([waits(1, memory_mb=2048)], held, WIDE, NOW)

    assert (choice.entry, choice.is_adopting) == (waits(1, memory_mb=2048), True)


def test_of_a_lab_without_room_only_the_first_tries_again() -> None:
    tried = waits(1, retry_at=NOW + timedelta(seconds=5), waiting_for=FULL)
    turn = [tried, waits(2), waits(3, lab_id=9)]

    choice = order.choose(turn, Holdings(), WIDE, NOW)

    assert choice.entry == waits(3, lab_id=9)
    assert order.choose(turn, Holdings(), WIDE, later(5)).entry == tried


def test_a_share_binds_only_while_another_course_waits() -> None:
    half, held = Limits(total=10, user=2, course_percent=50), Holdings(by_course={1: 5})
    later_on = {"retry_at": later(5), "waiting_for": Reason.said("no node has a GPU")}

    assert order.choose([waits(1)], held, half, NOW).entry == waits(1)
    assert order.choose([waits(2, 2, **later_on), waits(1)], held, half, NOW).entry is None
    # Who waits because of their own limit keeps nobody back.
    assert order.choose([waits(1), waits(2, 2, held_by_user=2)], held, half, NOW).entry == waits(1)


def test_courses_that_are_all_at_their_share_do_not_block_each_other() -> None:
    half, held = Limits(total=10, user=2, course_percent=40), Holdings(by_course={1: 4, 2: 4})

    assert order.choose([waits(1, 1), waits(2, 2)], held, half, NOW).entry == waits(1)


def test_a_warm_machine_needs_no_place() -> None:
    full = Holdings(by_course={1: 1}, warm={2: Warm(ready=1)})

    choice = order.choose([waits(1, 1), waits(2, 2)], full, Limits(total=2, user=2), NOW)

    assert (choice.entry, choice.is_adopting) == (waits(2, 2), True)


def test_warm_machines_of_other_labs_go_one_for_each_who_waits() -> None:
    full = Holdings(by_course={1: 1}, warm={7: Warm(ready=3), 8: Warm(starting=1), 9: Warm(stopping=1)})

    choice = order.choose([waits(1), waits(2), waits(3), waits(4, lab_id=8)], full, Limits(total=6, user=2), NOW)

    assert (choice.entry, choice.evicted) == (None, {7: 2})


def test_nobody_starts_while_the_cluster_is_down() -> None:
    assert order.choose([waits(1)], Holdings(is_down=True), WIDE, NOW).entry is None


# Two machines: containers run on the first alone.
KINDS = [Room(1000, 1024, templates=frozenset({"exec", "docker"})), Room(4000, 4096, templates=frozenset({"exec"}))]
MIXED: dict[str, Any] = {"cluster_cpu_mhz": 5000, "cluster_memory_mb": 5120, "nodes": KINDS}


def test_a_lab_counts_only_the_machines_that_run_its_kind() -> None:
    held = Holdings(cpu_mhz=1000, memory_mb=900, by_template={"docker": (500, 800), "exec": (500, 100)}, **MIXED)

    assert order.no_room(Needs(100, 256, "exec"), held, WIDE) is None
    assert order.no_room(Needs(100, 256, "docker"), held, WIDE) == Full("memory", 800, 1024)
    assert order.no_room(Needs(100, 2048, "docker"), held, WIDE) == Full("size")
    assert order.no_room(Needs(100, 256, "qemu"), held, WIDE) == Full("driver")


def test_what_others_hold_of_those_machines_is_not_there_for_labs() -> None:
    nodes = [Room(1000, 1024, memory_taken_mb=900, templates=frozenset({"docker"})), KINDS[1]]

    full = order.no_room(Needs(100, 256, "docker"), Holdings(**{**MIXED, "nodes": nodes}), WIDE)

    assert full == Full("memory", 0, 124)


def test_a_lab_that_no_machine_runs_holds_up_nobody_and_costs_no_warm_machine() -> None:
    held = Holdings(warm={7: Warm(ready=3, template="exec")}, **MIXED)
    tried = {"waiting_for": Reason(Code.NODES_LACK_DRIVER, count=2, total=2), "retry_at": NOW + timedelta(seconds=5)}

    vm = waits(1, template="qemu", **tried)

    assert order.choose([vm], held, WIDE, NOW) == Choice()
    assert order.choose([vm, waits(2, template="exec")], held, WIDE, NOW).entry == waits(2, template="exec")
    assert not order.can_move(vm, held, WIDE)


def test_a_warm_machine_that_runs_elsewhere_is_not_given_up_and_what_runs_elsewhere_may_pass() -> None:
    apart = [Room(1000, 1024, templates=frozenset({"docker"})), Room(4000, 4096, templates=frozenset({"exec"}))]
    warm = {7: Warm(ready=3, template="exec"), 8: Warm(ready=1, template="docker")}
    facts = {**MIXED, "nodes": apart, "warm": warm, "by_template": {"docker": (900, 900)}}
    held, docker = Holdings(**facts), waits(1, template="docker")

    assert order.choose([docker], held, WIDE, NOW).evicted == {8: 1}
    assert order.choose([docker, waits(2, template="exec")], held, WIDE, NOW).entry == waits(2, template="exec")
    # The number of machines is the same for every kind.
    assert order.choose([docker], held, Limits(total=4, user=2), NOW).evicted == {7: 1}
