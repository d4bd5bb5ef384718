"""A generation from the request to drafts: paid once, whatever fails on the way."""

from collections.abc import Callable
from typing import Any

import pytest

from extensions import db
from models import GenerationCall, utcnow
from services.errors import LimitReached, Refused
from services.generations import asking, breaker, budgets, calls, claims, judging, work
from services.generations.answers import kinds
from services.generations.budgets import Spender
from services.generations.terms import Budget
from services.generations.work import Means
from tests.generations.conftest import Class, calls_of, codes, drafts_of, expired, model_at, read_again, terms
from tests.generations.loopback import Reply


def test_questions_of_every_kind_are_written_cited_and_left_to_a_reviewer(room: Class) -> None:
    asked = room.ask(*kinds(), count=len(kinds()), lab="first-lab")

    done = room.finish(asked)

    made = drafts_of(done)
    assert (done.state, done.reason) == ("done", None)
    assert sorted(draft.document["kind"] for draft in made) == sorted(kinds())
    assert {draft.state for draft in made if draft.document["kind"] != "code"} == {"pending"}
    assert all(
        draft.citations[0]["quote"] in "A pipe joins the output of one program to the input of the next one."
        for draft in made
    )
    by_kind = {draft.document["kind"]: codes(draft) for draft in made}
    assert by_kind["numeric"] == by_kind["formula"] == ["draft_key_computed"]
    assert by_kind["single"] == by_kind["truefalse"] == ["draft_second_agrees"]
    assert by_kind["text"] == []


def test_a_call_costs_what_its_server_says_and_budgets_count_it(room: Class) -> None:
    done = room.finish(room.ask("text"))

    (call,) = calls_of(done)
    assert (call.tokens_in, call.tokens_out, call.tokens) == (1000, 200, 1200)
    assert call.cost == 1000 * 0.4 + 200 * 2
    spent = budgets.spent_of(room.redis, Spender(room.user.id, room.course.id), now=utcnow())
    assert set(spent.values()) == {Budget(1200, 800)}


def test_the_request_holds_the_schema_of_the_kinds_that_were_asked_for(room: Class) -> None:
    room.finish(room.ask("numeric"))

    (said,) = room.loopback.requests
    schema = said["response_format"]["json_schema"]
    assert (said["response_format"]["type"], schema["strict"]) == ("json_schema", True)
    assert "working" in str(schema["schema"])
    assert schema["schema"]["additionalProperties"] is False
    assert "choices" not in str(schema["schema"])


def test_many_questions_are_written_in_batches_and_a_turn_makes_one_call(room: Class) -> None:
    asked, turn = room.ask("text", count=12), room.work()

    assert [turn() for _turn in range(5)] == [True] * 3 + [False] * 2

    assert len(drafts_of(asked)) == 12
    assert [call.piece for call in calls_of(asked)] == ["write:1.1", "write:1.2", "write:1.3"]
    assert read_again(asked).state == "done"


def test_what_a_course_asks_is_read_once_an_answer_and_its_own_questions_are_compared_too(
    room: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[int] = []
    read = judging.known_texts
    monkeypatch.setattr(judging, "known_texts", lambda course_id: reads.append(course_id) or read(course_id))
    room.loopback.script = [Reply(change=lambda answer: {"questions": [answer["questions"][0]] * 3})]

    done = room.finish(room.ask("text", count=3))

    assert [codes(draft) for draft in drafts_of(done)] == [[], ["draft_alike"], ["draft_alike"]]
    assert reads == [room.course.id]


def test_the_same_request_again_is_the_same_generation(room: Class) -> None:
    assert room.ask(key="one").id == room.ask(key="one").id
    assert room.ask(key="two").id != room.ask(key="one").id


@pytest.mark.parametrize("header", ["7", "7.0"])
def test_too_many_requests_are_asked_again_after_what_the_server_says(room: Class, header: str) -> None:
    room.loopback.script = [Reply(429, headers={"Retry-After": header})]
    asked, turn, before = room.ask("text"), room.work(), utcnow()

    assert [turn(), turn()] == [True, False]

    waiting = read_again(asked)
    assert (waiting.state, waiting.tries) == ("queued", 1)
    assert waiting.retry_at is not None
    assert 7 <= (waiting.retry_at - before).total_seconds() < 10
    assert room.finish(asked).state == "done"
    assert [(call.state, call.tokens) for call in calls_of(asked)] == [("refused", 0), ("answered", 1200)]


def test_a_server_that_fails_is_given_up_after_five_tries_which_cost_nothing(room: Class) -> None:
    room.loopback.script = [Reply(500), Reply(503), Reply(502), Reply(429), Reply(504)]

    failed = room.finish(room.ask("text"))

    assert (failed.state, str(failed.reason and failed.reason.code)) == ("failed", "model_away")
    assert sum(call.tokens for call in calls_of(failed)) == 0
    assert len(room.loopback.requests) == 5


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_what_the_server_will_never_take_is_asked_once(room: Class, status: int) -> None:
    room.loopback.script = [Reply(status)]

    failed = room.finish(room.ask("text"))

    assert failed.reason is not None
    assert failed.reason.as_json() == {"code": "model_refuses", "params": {"status": status}}
    assert len(room.loopback.requests) == 1


BAD_ANSWERS = {
    "no JSON": Reply(text="Here are your questions!"),
    "JSON that is cut off": Reply(text='{"questions": [{"kind": "te', finish="length"),
    "a list": Reply(text="[]"),
    "no questions": Reply(text='{"questions": []}'),
    "nested deeply": Reply(text="[" * 100_000),
    "endless": Reply(text='{"questions": "' + "a" * 300_000 + '"}'),
    "half a pair": Reply(text='{"questions": "\\ud800"}'),
    "nothing": Reply(text=""),
}


@pytest.mark.parametrize("reply", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_an_answer_that_cannot_be_read_is_paid_and_not_asked_again_by_itself(room: Class, reply: Reply) -> None:
    room.loopback.script = [reply]

    failed = room.finish(room.ask("text"))

    assert failed.state == "failed"
    assert failed.reason is not None
    assert failed.reason.code in ("model_answer_unreadable", "model_answer_cut")
    assert len(room.loopback.requests) == 1
    assert [call.tokens for call in calls_of(failed)] == [1200]


LOST = {
    "too slow": Reply(wait_s=0.6),
    "dripping": Reply(drip_s=0.05),
    "cut off on the way": Reply(cut_at=40),
    "no completion": Reply(body=b"<html>hello</html>"),
    "another shape": Reply(body=b'{"id": 5}'),
    "too long": Reply(body=b'{"id": "' + b"a" * 3_000_000 + b'"}'),
}


@pytest.mark.parametrize("reply", LOST.values(), ids=LOST)
def test_a_call_of_which_nobody_knows_what_it_brought_counts_as_spent_and_is_not_repeated(
    room: Class, reply: Reply
) -> None:
    room.loopback.script, room.timeout_s = [reply], 0.3

    failed = room.finish(room.ask("text"))

    assert (failed.state, failed.reason and failed.reason.code) == ("failed", "model_call_lost")
    (call,) = calls_of(failed)
    assert (call.state, call.tokens_in) == ("lost", None)
    assert call.tokens > 1200
    assert len(room.loopback.requests) == 1


def test_a_person_may_ask_again_for_what_is_missing(room: Class) -> None:
    room.loopback.script = [Reply(), Reply(text="sorry")]
    failed = room.finish(room.ask("text", count=8))
    assert (failed.state, len(drafts_of(failed))) == ("done", 5)
    assert failed.reason is not None

    asking.resume(asking.find(room.course, failed.id), room.terms)
    db.session.commit()
    done = room.finish(failed)

    assert (done.state, done.reason, len(drafts_of(done))) == ("done", None, 8)
    assert [call.piece for call in calls_of(done)] == ["write:1.1", "write:1.2", "write:2.1"]
    with pytest.raises(Refused, match="nothing left"):
        asking.resume(asking.find(room.course, failed.id), room.terms)


def test_a_server_that_fails_again_and_again_is_left_alone(room: Class) -> None:
    room.loopback.script = [Reply(500)] * breaker.MOST
    room.finish(room.ask("text"))
    waiting = room.ask("text")

    assert room.work()() is False

    assert read_again(waiting).state == "queued"
    assert breaker.open_until(room.redis, now=utcnow()) is not None
    breaker.worked(room.redis)
    assert room.finish(waiting).state == "done"


@pytest.mark.parametrize("scope", ["user", "course", "total"])
def test_a_call_that_the_budget_may_not_hold_is_not_made(room: Class, scope: str) -> None:
    asked = room.ask("text")
    small = {**room.terms.budgets, scope: Budget(1500, 10**9)}
    room.terms = terms(budgets=small)

    failed = room.finish(asked)

    assert failed.reason is not None
    assert failed.reason.as_json() == {"code": "budget_used", "params": {"whose": scope}}
    assert room.loopback.requests == []


def test_a_request_beyond_what_is_left_is_refused_until_the_day_ends(room: Class) -> None:
    room.finish(room.ask("text"))
    room.terms = terms(budgets={**room.terms.budgets, "user": Budget(1300, 10**12)})

    with pytest.raises(LimitReached) as refusal:
        room.ask("text")

    assert 0 < refusal.value.retry_after_s <= 86_400


def test_sums_that_redis_lost_are_made_of_the_rows(room: Class) -> None:
    room.finish(room.ask("text"))
    spender, now = Spender(room.user.id, room.course.id), utcnow()
    before = budgets.spent_of(room.redis, spender, now=now)

    room.redis.flushdb()

    assert budgets.spent_of(room.redis, spender, now=now) == before
    budgets.require(room.redis, spender, room.terms, Budget(1, 1), now=now)
    assert room.redis.hget(f"yurt:generations:{now:%Y-%m-%d}", "total:0:tokens") in (b"1200", "1200")


def test_sums_that_are_older_than_the_newest_call_are_made_anew(room: Class) -> None:
    room.finish(room.ask("text"))
    now = utcnow()
    key, spender = f"yurt:generations:{now:%Y-%m-%d}", Spender(room.user.id, room.course.id)
    kept: Any = room.redis.hgetall(key)
    room.finish(room.ask("text"))
    room.redis.delete(key)
    room.redis.hset(key, mapping=kept)

    assert budgets.spent_of(room.redis, spender, now=now, is_exact=True)["total"].tokens == 2400


class Killed(BaseException):
    """The process ends here."""


def kill_at(monkeypatch: pytest.MonkeyPatch, number: int, *, is_before: bool) -> None:
    """End the process before or after its commit of that number."""
    commit: Callable[[], None] = db.session.commit
    count = 0

    def counted() -> None:
        nonlocal count
        count += 1
        if count == number and is_before:
            raise Killed
        commit()
        if count == number:
            raise Killed

    monkeypatch.setattr(db.session, "commit", counted)


@pytest.mark.parametrize("is_before", [True, False])
@pytest.mark.parametrize("number", range(1, 9))
def test_a_worker_that_dies_at_any_commit_costs_no_call_twice(
    room: Class, monkeypatch: pytest.MonkeyPatch, number: int, is_before: bool
) -> None:
    asked, turn = room.ask("single", count=2), room.work()
    with monkeypatch.context() as patch:
        kill_at(patch, number, is_before=is_before)
        with pytest.raises(Killed):
            while turn():
                pass
    db.session.rollback()
    expired(asked)

    done = room.finish(asked)

    pieces = [call.piece for call in calls_of(done) if call.state in ("answered", "lost")]
    assert len(pieces) == len(set(pieces))
    assert len(room.loopback.served) <= len(pieces)
    rows = sum(call.tokens for call in calls_of(done))
    spent = budgets.spent_of(room.redis, Spender(room.user.id, room.course.id), now=utcnow(), is_exact=True)
    assert spent["user"].tokens >= rows
    assert {draft.state for draft in drafts_of(done)} <= {"pending"}
    assert db.session.query(GenerationCall).filter_by(state="started").count() == 0


def test_a_worker_whose_turn_is_over_writes_nothing(room: Class) -> None:
    asked = room.ask("text")
    late = claims.claim(room.redis, 4, utcnow())
    assert late is not None
    db.session.commit()
    db.session.refresh(late)
    db.session.expunge(late)
    expired(asked)
    room.finish(asked)

    work.go_on(late, Means(model_at(room.loopback.url, 5.0), room.terms, room.redis, utcnow))

    assert (read_again(asked).state, len(calls_of(asked)), len(drafts_of(asked))) == ("done", 1, 1)


def test_only_so_many_are_worked_at_at_once(room: Class) -> None:
    for _number in range(3):
        room.ask("text")

    claimed = [claims.claim(room.redis, 2, utcnow()) for _try in range(3)]

    assert [each is not None for each in claimed] == [True, True, False]


def used(room: Class) -> int:
    """Return the tokens that Redis counts for the site, as it would be asked before a call."""
    spender = Spender(room.user.id, room.course.id)
    return budgets.spent_of(room.redis, spender, now=utcnow(), is_exact=True)["total"].tokens


def a_call(room: Class, tokens: int = 1000) -> GenerationCall:
    """Write a call down that may cost so many tokens, as a worker does before it makes it."""
    asked = room.ask("text")
    read = read_again(asked)
    read.state, read.turn = "running", 1
    db.session.commit()
    made = calls.start(read, "write:1.1", Budget(tokens, 0), room.terms, room.redis, now=utcnow())
    assert made is not None
    return made


def test_sums_that_are_forgotten_while_somebody_reserves_are_not_too_small(room: Class) -> None:
    a_call(room)
    db.session.commit()
    budgets.require(room.redis, Spender(room.user.id, room.course.id), room.terms, Budget(1, 0), now=utcnow())

    # Another worker finds that one has died; then the reservation is counted and committed.
    budgets.forget(room.redis, utcnow())
    asked = room.ask("text")
    read = read_again(asked)
    call = GenerationCall(
        generation_id=read.id,
        course_id=room.course.id,
        user_id=room.user.id,
        number=1,
        piece="write:1.1",
        model="small",
        tokens=500,
        cost=0,
        made_at=utcnow(),
    )
    db.session.add(call)
    db.session.flush()
    budgets.count(room.redis, call, now=utcnow())
    db.session.commit()

    assert used(room) == 1500


def test_a_price_that_sums_made_anew_hold_already_is_not_taken_off_twice(room: Class) -> None:
    call = a_call(room)
    db.session.commit()
    used(room)
    since = budgets.made(room.redis, now=utcnow())
    call.tokens = 600
    db.session.commit()
    budgets.forget(room.redis, utcnow())
    anew = used(room)

    budgets.correct(room.redis, call, Budget(1000, 0), since)
    late = used(room)
    budgets.correct(room.redis, call, Budget(1000, 0), budgets.made(room.redis, now=utcnow()))

    assert (anew, late, used(room)) == (600, 600, 200)
