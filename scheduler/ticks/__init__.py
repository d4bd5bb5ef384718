"""Every kind of background work: a module here, and its row in `make_ticks`."""

from collections.abc import Callable
from datetime import timedelta

from redis import Redis

from backends import Backend
from config import Settings
from scheduler.tick import Ask, Tick
from scheduler.ticks import (
    attempts,
    audits,
    backups,
    boards,
    capacity,
    certificates,
    checks,
    erasures,
    events,
    exports,
    feed,
    generations,
    grading,
    hopeless,
    idleness,
    imports,
    lease_renewals,
    leftovers,
    mail,
    measures,
    reconcile,
    rosters,
    saves,
    scores,
    starts,
    stops,
    sweeps,
    unconfirmed,
    usage,
    visits,
    warm,
    webhooks,
)
from services import events as course_events
from services import outbox
from services.archive import imports as course_imports
from services.backups import schedule
from services.capacity.order import Limits
from services.certificates import issuing, looks
from services.generations import claims as generation_claims
from services.generations.client import MistralModel
from services.generations.terms import terms_of
from services.help import visits as help_visits
from services.labs import checks as check_service
from services.labs import claims, grading_runs, warm_stock
from services.labs import saving as save_service
from services.leaderboards import audits as point_audits
from services.leaderboards import sets
from services.leases import RENEW_EVERY_S
from services.lti import line_items
from services.lti import rosters as roster_service
from services.lti import scores as score_service
from services.lti.calls import Caller
from services.measures import EVERY_S
from services.outbound import Outbound
from services.persons import erasures as account_erasures
from services.persons import exports as data_exports
from services.quizzes import runs
from services.webhooks import deliveries

# Enough for a class of fifty to start within seconds, although each start waits for its machine.
STARTERS = 8
STOPPERS = 4
SAVERS = 2
# Checks mostly wait for their labs.
CHECKERS = 8
# Each waits for a machine; how many run at once is said by the limits.
GRADERS = 4
# Nobody waits for a warm machine.
WARMERS = 4
# A platform that doesn't answer holds up one of them.
SENDERS = 2
# Receivers may take their time; each webhook has one message under way.
HOOKS = 4
HOOK_S = 15.0
# How often the cluster is looked at while no lab is open: then a job can only be one that nobody wants.
IDLE_S = 60.0


def make_ticks(settings: Settings, backend: Backend | None, redis: Redis) -> list[Tick]:
    """Return the ticks; those of labs only where labs are on."""
    ticks = [
        Tick("attempts", attempts.work, due=attempts.due, oldest=attempts.oldest),
        Tick("mail", mail.sender(settings), topic="mail", due=outbox.due),
        Tick("hopeless", hopeless.ender(settings), interval_s=60.0),
        Tick("sweeps", sweeps.work, interval_s=60.0),
        Tick("feed", feed.work, due=course_events.due),
        Tick("prunes", feed.pruner(settings), interval_s=3600.0),
        Tick("unconfirmed", unconfirmed.sweeper(settings), interval_s=3600.0),
        Tick("measures", measures.publisher(settings, redis), interval_s=EVERY_S),
    ]
    audit = Tick("audits", lambda: False, due=point_audits.due)
    # An audit of a large site takes a while.
    audit.work = audits.auditor(redis, lambda: audit.beat())
    # So does a large course.
    bring = Tick("imports", lambda: False, topic=course_imports.TOPIC, due=course_imports.due)
    bring.work = imports.importer(redis, lambda: bring.beat())
    certify = Tick("certificates", certificates.issuer(settings), topic=issuing.TOPIC, due=looks.due)
    erase = Tick("erasures", erasures.work, topic=account_erasures.TOPIC, due=account_erasures.due)
    pack = Tick("exports", lambda: False, topic=data_exports.TOPIC, due=data_exports.due)
    pack.work = exports.maker(redis, lambda: pack.beat())
    ticks += [audit, bring, certify, erase, pack, Tick("boards", boards.maker(redis), topic=sets.TOPIC)]
    if settings.backup_every_hours:
        ticks.append(_of_backups(settings))
    keeper = lease_renewals.LeaseKeeper()
    ticks += [*_of_platforms(settings, keeper), _of_webhooks(settings, keeper)]
    if settings.mistral_api_key:
        ticks.append(_of_generations(settings, redis, keeper))
    if backend is None:
        return [*ticks, _of_grading(grading.refuser(), 1), _renewing(keeper)]
    limits = Limits(
        settings.lab_limit_total, settings.lab_limit_user, settings.lab_limit_course_percent, settings.instance
    )
    start, stop = starts.starter(settings, backend, limits, keeper), stops.stopper(backend, keeper)
    save, check = saves.saver(backend, keeper), checks.checker(backend, keeper)
    count = _of_cluster("capacity", capacity.counter(settings, backend), 15.0)
    if backend.has_events:
        stream = Tick("events", lambda: False, interval_s=1.0)

        def is_over() -> bool:
            # The stream lasts for days; it asks this at least every half minute.
            stream.beat()
            return stream.is_over()

        # A break of the stream is the first sign that the cluster is gone, so the cluster is counted at once.
        stream.work = events.follower(settings, backend, is_over, count.bell.ring)
        ticks += [stream, Tick("leftovers", leftovers.finder(backend), interval_s=60.0)]
    if backend.has_warm:
        keep = warm.warmer(settings, backend, limits, keeper)
        warm_tick = Tick("warm", keep, 15.0, topic="labs", threads=WARMERS, due=warm_stock.due, needs=warm_stock.stand)
        ticks.append(warm_tick)
    return [
        *ticks,
        count,
        _of_labs("starts", start, STARTERS, due=claims.start_due, oldest=claims.oldest_queued),
        _of_labs("stops", stop, STOPPERS, due=claims.stop_due, oldest=claims.oldest_stopping),
        _of_labs("saves", save, SAVERS, due=save_service.due),
        Tick("checks", check, topic="checks", threads=CHECKERS, due=check_service.due, oldest=check_service.oldest),
        _of_grading(grading.grader(settings, backend, limits, keeper), GRADERS),
        _renewing(keeper),
        Tick("idleness", idleness.culler(redis, settings.public_url), 15.0, needs=claims.is_any_running),
        Tick("usage", usage.measurer(backend), 60.0, needs=claims.is_any_running),
        Tick("visits", visits.work, due=help_visits.gone_due),
        _of_cluster("reconcile", reconcile.reconciler(settings, backend), 15.0 if backend.has_events else 10.0),
    ]


def _of_backups(settings: Settings) -> Tick:
    tick = Tick("backups", lambda: False, due=schedule.due(timedelta(hours=settings.backup_every_hours)))
    tick.work = backups.maker(settings, lambda: tick.beat(), lambda: tick.is_over())
    return tick


def _of_grading(work: Callable[..., bool], threads: int) -> Tick:
    due, oldest = grading_runs.due, grading_runs.oldest
    return Tick("grading", work, topic=runs.TOPIC, threads=threads, due=due, oldest=oldest)


def _renewing(keeper: lease_renewals.LeaseKeeper) -> Tick:
    return Tick("leases", lease_renewals.renewer(keeper), interval_s=RENEW_EVERY_S, has_work=keeper.has_any)


def _of_generations(settings: Settings, redis: Redis, keeper: lease_renewals.LeaseKeeper) -> Tick:
    model = MistralModel(
        settings.mistral_api_key, settings.mistral_url, settings.mistral_model, settings.mistral_timeout_s
    )
    return Tick(
        "generations",
        generations.writer(model, terms_of(settings), redis, keeper),
        topic=generation_claims.TOPIC,
        threads=settings.limit_model_calls,
        due=generation_claims.due,
        oldest=generation_claims.oldest,
    )


def _of_webhooks(settings: Settings, keeper: lease_renewals.LeaseKeeper) -> Tick:
    outbound = Outbound(may_private=settings.call_private_addresses, timeout_s=HOOK_S)
    send, due = webhooks.sender(settings, outbound, keeper), deliveries.due
    return Tick("webhooks", send, topic=deliveries.TOPIC, threads=HOOKS, due=due)


def _of_platforms(settings: Settings, keeper: lease_renewals.LeaseKeeper) -> list[Tick]:
    caller = Caller(Outbound(may_private=settings.call_private_addresses))
    send, read = scores.sender(caller, keeper), rosters.reader(caller, keeper)
    due, oldest = score_service.due, score_service.oldest
    return [
        Tick("scores", send, topic=line_items.TOPIC, threads=SENDERS, due=due, oldest=oldest),
        Tick("rosters", read, topic=line_items.TOPIC, due=roster_service.due),
    ]


def _of_cluster(name: str, work: Callable[..., bool], interval_s: float) -> Tick:
    return Tick(name, work, interval_s=interval_s, idle_s=IDLE_S, needs=claims.is_any_open)


def _of_labs(name: str, work: Callable[..., bool], threads: int, *, due: Ask, oldest: Ask | None = None) -> Tick:
    return Tick(name, work, topic="labs", threads=threads, due=due, oldest=oldest)
