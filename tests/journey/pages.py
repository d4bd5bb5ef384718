"""Every page that people see, with something on it: for tests that look at all of them, as their people."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from extensions import db
from models import Course, Lab, LabSession, Lesson, Question, Quiz, User, WebhookTry, utcnow
from reasons import Code, Reason
from services.accounts import tokens
from services.labs import lifecycle
from services.quizzes import answers, attempts
from services.regrades import applying, asking
from tests.factories import (
    CourseFactory,
    EnrolmentFactory,
    LabFactory,
    LessonFactory,
    ModuleFactory,
    QuizFactory,
    UserFactory,
    add_check,
    add_question,
)
from tests.generations.stages import add_generation
from tests.journey.student import COURSE, LAB, QUIZ
from tests.lti.stages import add_column, add_platform, connect
from tests.sites import LiveSite, until
from tests.webhooks.stages import add_delivery, add_webhook

# As long as words are: German can do more, and people have no spaces in what they paste.
LONG = "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz"
WIDE = "/courses/wide"
ERRORS = ["/no-such-page", f"{COURSE}/no-such-page", "/readyz/no-such-page"]
PAGES: dict[str, list[str]] = {
    "": ["/", "/courses", "/courses?q=nothing", COURSE, "/login", "/register", "/reset", "/confirm", WIDE, *ERRORS],
    "bob": [
        *("/", "/courses", COURSE, f"{COURSE}/lessons/one-tree", f"{COURSE}/lessons/making-and-moving"),
        *(f"{COURSE}/lessons/permissions", QUIZ, "/attempts/{open}", "/attempts/{closed}/result"),
        *(
            f"{COURSE}/leaderboard",
            f"{COURSE}/grades",
            f"{WIDE}/grades",
            "/labs",
            LAB,
            f"{COURSE}/labs/village-library",
        ),
        "/attempts/{open}/versions",
        f"{WIDE}/model",
        *("/account/data", "/account/erase", "/account/certificates", f"{COURSE}/certificate"),
        *("/account", "/account/tokens", "/enrol", "/change", "/verify", "/signed-in", f"{COURSE}/people", *ERRORS),
        *(WIDE, f"{WIDE}/lessons/wide", f"{WIDE}/quizzes/wide-quiz", f"{WIDE}/labs/wide-lab", f"{WIDE}/leaderboard"),
        *(f"{COURSE}/points", f"{WIDE}/points", f"{COURSE}/practice", f"{COURSE}/practice/next", f"{WIDE}/practice"),
    ],
    "alice": [
        *("/", COURSE, f"{COURSE}/people", f"{COURSE}/labs-board", "/lab-sessions/{lab}/visit", f"{QUIZ}/attempts"),
        *(f"{COURSE}/bank", f"{COURSE}/bank/{{question}}", f"{COURSE}/bank/{{question}}/edit", f"{COURSE}/bank/new"),
        f"{WIDE}/generations/figures",
        "/course-imports",
        *(f"{WIDE}/model", f"{WIDE}/generations/{{generation}}/sent"),
        *(f"{WIDE}/generations", f"{WIDE}/generations/{{generation}}", f"{WIDE}/generations/{{generation}}/drafts/1"),
        *(f"{WIDE}/bank", f"{WIDE}/bank/{{wide_question}}", f"{WIDE}/bank/{{wide_question}}/edit"),
        *(
            "/lab-sessions/{lab}/timeline",
            f"{WIDE}/people",
            f"{WIDE}/audit-log",
            f"{WIDE}/webhooks",
            f"{WIDE}/webhooks/{{webhook}}",
            f"{WIDE}/people/{{bob}}/points",
            f"{WIDE}/leaderboard/settings",
            f"{COURSE}/leaderboard/settings",
            f"{WIDE}/labs-board",
            f"{QUIZ}/settings",
            f"{WIDE}/quizzes/wide-quiz/settings",
            f"{QUIZ}/questions",
            f"{QUIZ}/cohorts",
            f"{WIDE}/quizzes/wide-quiz/questions",
            f"{COURSE}/people/{{bob}}/accommodations",
            f"{WIDE}/people/{{bob}}/accommodations",
            "/attempts/{closed}/result",
            f"{COURSE}/gradebook",
            f"{COURSE}/certificates",
            f"{COURSE}/statements",
            f"{COURSE}/gradebook/{{bob}}",
            f"{WIDE}/gradebook",
            f"{QUIZ}/analysis",
            f"{WIDE}/quizzes/wide-quiz/analysis",
            f"{WIDE}/quizzes/wide-quiz/to-grade",
            f"{WIDE}/quizzes/wide-quiz/to-grade?blind=1",
            "/attempts/{written}/items/2/grade",
            f"{WIDE}/quizzes/wide-quiz/regrades",
            f"{WIDE}/quizzes/wide-quiz/regrades/new?question={{wide_question}}",
            "/regrades/{regrade}",
        ),
    ],
    "dana": ["/learning-platforms", "/learning-platforms/new", "/learning-platforms/{platform}", f"{WIDE}/platforms"],
    "charlie": ["/", "/courses", COURSE, "/labs", f"{COURSE}/lessons/one-tree"],
}


def fill(site: LiveSite) -> dict[str, str]:
    """Put something on the pages; return the names that their addresses need."""
    with site.app.app_context():
        now = utcnow()
        bob, alice = _person("bob"), _person("alice")
        course = _one(Course, "linux-from-the-shell")
        quiz = _one(Quiz, "finding-your-way-quiz")
        closed = attempts.start(bob.id, quiz, now=now)
        attempts.submit(closed, now=now)
        opened = attempts.start(bob.id, quiz, now=now)
        lab = lifecycle.queue(bob, _one(Lab, "tidy-desk"), course, now=now)
        tokens.issue(bob.id, name=LONG[:60], scopes=("read", "write"), days=9, now=now)
        wide = _make_wide_course(bob, alice)
        db.session.commit()
        names = {"open": str(opened.id), "closed": str(closed.id), "lab": str(lab.id), "bob": str(bob.id)}
        names["written"] = str(_hand_in_writing(bob, now))
        names["platform"] = str(_platform())
        names["generation"] = str(_generation(alice))
        names["regrade"] = str(_regrade(alice, now))
        names["webhook"] = str(_webhook(alice))
        names |= {"question": str(quiz.questions[0].id), "wide_question": str(wide.id)}
    until(lambda: _is_running(site, names["lab"]), 60, lambda: site.log.read_text(errors="replace")[-3000:])
    return names


def _platform() -> int:
    platform = add_platform(LONG[:60])
    add_column(connect(platform, _one(Course, "wide"), title=LONG), _one(Quiz, "wide-quiz"))
    platform.frame_origins = [f"https://{LONG[:60]}.example.org".replace("ü", "ue")]
    db.session.commit()
    return platform.id


def _webhook(alice: User) -> int:
    """Make a webhook with a long address, to which messages were sent."""
    webhook = add_webhook(_one(Course, "wide"), alice.id, f"https://hooks.invalid/{LONG * 3}".replace("ü", "ue"))
    taken, refused = add_delivery(webhook), add_delivery(webhook, state="failed")
    answered = WebhookTry(delivery_id=taken.id, status=200, took_ms=12, answer=LONG)
    why = Reason(Code.CALL_TOO_SLOW)
    db.session.add_all([answered, WebhookTry(delivery_id=refused.id, why=why, took_ms=15_000)])
    db.session.commit()
    return webhook.id


def _make_wide_course(bob: User, alice: User) -> Question:
    course = CourseFactory(slug="wide", title=LONG, summary=LONG)
    module = ModuleFactory(course=course, title=LONG, summary=LONG)
    LessonFactory(module=module, slug="wide", title=LONG, body_html=f"<p>{LONG}</p><p><code>{LONG * 3}</code></p>")
    quiz = QuizFactory(module=module, slug="wide-quiz", title=LONG)
    question = add_question(quiz, "single")
    add_question(quiz, "essay")
    question.slug, question.tags = LONG.lower().replace("ü", "ue"), [LONG.lower().replace("ü", "ue")]
    lab = LabFactory(module=module, slug="wide-lab", title=LONG, summary=LONG)
    add_check(lab).title = LONG
    EnrolmentFactory(course=course, user=bob)
    EnrolmentFactory(course=course, user=alice, role="teacher")
    EnrolmentFactory(
        course=course, user=UserFactory(handle="long", display_name=LONG[:60], email=f"{LONG}@example.org")
    )
    return question


def _hand_in_writing(bob: User, now: datetime) -> int:
    """Let bob hand in an answer that a person grades; return the attempt."""
    quiz = _one(Quiz, "wide-quiz")
    attempt = attempts.start(bob.id, quiz, now=now)
    answers.save(attempt.id, 2, LONG * 3, revision=1, now=now)
    attempts.submit(attempt, now=now)
    db.session.commit()
    return attempt.id


def _regrade(alice: User, now: datetime) -> int:
    """Let alice regrade a question of the wide course; return the regrade."""
    quiz = _one(Quiz, "wide-quiz")
    full = asking.Asked("drop", how="full")
    made = asking.draft(quiz, quiz.questions[0].id, full, LONG, by_id=alice.id, now=now)
    applying.apply(made, digest=applying.preview(made).digest, by_id=alice.id, now=now)
    db.session.commit()
    return made.id


def _generation(alice: User) -> int:
    """Let alice have a question written from the wide lesson; return the generation."""
    lesson = _one(Lesson, "wide")
    made = add_generation(alice, lesson.course, lesson)
    made.drafts[0].document = {**made.drafts[0].document, "prompt": f"{LONG} {LONG}"}
    db.session.commit()
    return made.id


def _person(handle: str) -> User:
    return db.session.scalars(select(User).where(User.handle == handle)).one()


def _one(model: Any, slug: str) -> Any:
    return db.session.scalars(select(model).where(model.slug == slug)).one()


def _is_running(site: LiveSite, session_id: str) -> bool:
    with site.app.app_context():
        return bool(db.session.scalar(select(LabSession.state).where(LabSession.id == session_id)) == "running")


def paths(who: str, names: dict[str, str]) -> list[str]:
    """Return the addresses that a person looks at."""
    return [path.format(**names) for path in PAGES[who]]
