"""The audit log in the reader's words: what was done, from an entry's act and parameters."""

from collections.abc import Callable
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext

from services.audit import Line

Params = dict[str, Any]
# A change of so many settings is named; more of them are counted.
MOST_NAMED = 6

WAYS = {
    "page": lazy_gettext("on a page"),
    "api": lazy_gettext("by the API"),
    "command": lazy_gettext("by a command"),
    "scheduler": lazy_gettext("by the site"),
}


def words(line: Line) -> str:
    """Say what was done; an unknown act, of a newer version, by its name."""
    say = WORDS.get(line.entry.act)
    if say is None:
        return line.entry.act
    person = line.person or _("somebody whose account is gone")
    return say({**line.entry.params, "person": person})


def _role(name: str | None) -> str:
    names = {"teacher": _("teacher"), "assistant": _("assistant"), "student": _("student")}
    return names.get(name or "", name or "")


def _enrolment(said: Params) -> str:
    told = {"person": said["person"], "old": _role(said["old"]), "new": _role(said["new"])}
    if said["new"] is None:
        return _("Took %(person)s out of the course (%(old)s)", **told)
    if said["old"] is None:
        return _("Brought %(person)s into the course as %(new)s", **told)
    return _("Changed the role of %(person)s from %(old)s to %(new)s", **told)


def _changes(changed: dict[str, list[Any]]) -> str:
    """Name settings with what they were and are; settings go by the names that the API has for them."""
    if len(changed) > MOST_NAMED:
        return ngettext("%(num)d setting", "%(num)d settings", len(changed))
    return ", ".join(f"{name}: {_value(before)} → {_value(after)}" for name, (before, after) in changed.items())


def _value(value: Any) -> str:
    return "–" if value is None else str(value)[:60]


def _kind(said: Params) -> Params:
    kinds = {"lesson": _("lesson"), "quiz": _("quiz"), "lab": _("lab")}
    return {"kind": kinds.get(said["kind"], said["kind"]), "slug": said["slug"]}


def _labs(said: Params, all_labs: str, one_lab: str) -> str:
    """Say which labs: those of the course, or those of one definition; and how many that were."""
    which = all_labs if said["lab"] is None else one_lab % {"lab": said["lab"]}
    return f"{which} ({said['labs']})"


def _mark(said: Params) -> str:
    if said["is_exempt"]:
        return _("Exempted %(person)s from %(activity)s", person=said["person"], activity=said["activity"])
    if said["percent"] is None:
        return _(
            "Took back what was set for %(person)s in %(activity)s", person=said["person"], activity=said["activity"]
        )
    return _(
        "Set the score of %(person)s in %(activity)s to %(percent)s %%",
        person=said["person"],
        activity=said["activity"],
        percent=said["percent"],
    )


def _member(said: Params) -> str:
    if said["name"] is None:
        return _("Put %(person)s into no cohort", person=said["person"])
    return _("Put %(person)s into the cohort %(name)s", person=said["person"], name=said["name"])


def _roster(said: Params) -> str:
    told = {name: said[name] for name in ("new", "changed", "expected")}
    return _("Brought in a class: %(new)s new, %(changed)s changed, %(expected)s expected", **told)


def _frozen(said: Params) -> str:
    if said["begin"] is None:
        return _("Took back the freeze of the leaderboard")
    return _("Froze the leaderboard from %(begin)s to %(end)s", begin=said["begin"], end=said["end"])


def _on(is_on: bool) -> str:
    return _("yes") if is_on else _("no")


WORDS: dict[str, Callable[[Params], str]] = {
    "account.admin_made": lambda said: _("Let %(person)s run the site", person=said["person"]),
    "account.admin_taken": lambda said: _("Took from %(person)s the right to run the site", person=said["person"]),
    "account.confirmed": lambda said: _("Confirmed the address of %(person)s", person=said["person"]),
    "account.created": lambda said: _("Made the account of %(person)s", person=said["person"]),
    "account.renamed": lambda said: _(
        "Named %(person)s “%(new)s” instead of “%(old)s”", person=said["person"], new=said["new"], old=said["old"]
    ),
    "account.link_sent": lambda said: (
        _("Sent %(person)s a link to choose a password, and ended what was signed in", person=said["person"])
        if said["end_access"]
        else _("Sent %(person)s a link to choose a password", person=said["person"])
    ),
    "account.activated": lambda said: _("Activated the account of %(person)s", person=said["person"]),
    "account.erasure_asked": lambda said: _("Asked for the account of %(person)s to be erased", person=said["person"]),
    "account.erased": lambda said: _("Erased the account of %(person)s", person=said["person"]),
    "account.deactivated": lambda said: _("Deactivated the account of %(person)s", person=said["person"]),
    "account.factors_removed": lambda said: _("Removed the second factors of %(person)s", person=said["person"]),
    "account.confirmation_sent": lambda said: _(
        "Had the mail sent again that confirms the address of %(person)s", person=said["person"]
    ),
    "course.created": lambda said: _("Made the course %(slug)s", slug=said["slug"]),
    "course.changed": lambda _said: _("Changed the texts or settings of the course"),
    "course.import_agreed": lambda said: _(
        "Had import %(number)s of the course %(slug)s applied", number=said["import"], slug=said["slug"]
    ),
    "course.imported": lambda said: _(
        "Imported the course %(slug)s: %(created)s created, %(updated)s updated, %(archived)s archived",
        **{name: said[name] for name in ("slug", "created", "updated", "archived")},
    ),
    "module.created": lambda said: _("Made the module %(slug)s", slug=said["slug"]),
    "module.changed": lambda said: _("Changed the module %(slug)s", slug=said["slug"]),
    "module.removed": lambda said: _("Took out the module %(slug)s", slug=said["slug"]),
    "activity.created": lambda said: _("Made the %(kind)s %(slug)s", **_kind(said)),
    "activity.changed": lambda said: _("Changed the %(kind)s %(slug)s", **_kind(said)),
    "activity.removed": lambda said: _("Took out the %(kind)s %(slug)s", **_kind(said)),
    "file.put": lambda said: _("Put the file %(path)s", path=said["path"]),
    "file.removed": lambda said: _("Removed the file %(path)s", path=said["path"]),
    "enrolment.set": _enrolment,
    "roster.imported": _roster,
    "expected_place.removed": lambda said: _("Kept no place for %(address)s any more", address=said["address"]),
    "platform.registered": lambda said: _("Registered the learning platform %(name)s", name=said["name"]),
    "platform.changed": lambda said: _("Changed the learning platform %(name)s", name=said["name"]),
    "platform.removed": lambda said: _("Removed the learning platform %(name)s", name=said["name"]),
    "platform.key_made": lambda _said: _("Made a new key for learning platforms"),
    "platform.connected": lambda said: _(
        "Connected the course with “%(title)s” of %(name)s", title=said["title"], name=said["name"]
    ),
    "platform.roster_asked": lambda _said: _("Had the list of people on a learning platform read"),
    "platform.scores_sent": lambda said: ngettext(
        "Sent %(num)d score to learning platforms again",
        "Sent %(num)d scores to learning platforms again",
        said["scores"],
    ),
    "platform.disconnected": lambda said: _(
        "Connected the course with “%(title)s” of %(name)s no more", title=said["title"], name=said["name"]
    ),
    "cohort.added": lambda said: _("Made the cohort %(name)s", name=said["name"]),
    "cohort.removed": lambda said: _("Removed the cohort %(name)s", name=said["name"]),
    "cohort.member_put": _member,
    "quiz.settings_changed": lambda said: _(
        "Changed the settings of the quiz %(quiz)s (%(changes)s)", quiz=said["quiz"], changes=_changes(said["changed"])
    ),
    "quiz.questions_changed": lambda said: _("Changed what the quiz %(quiz)s asks", quiz=said["quiz"]),
    "accommodation.changed": lambda said: _(
        "Changed what %(person)s gets in all quizzes (%(changes)s)",
        person=said["person"],
        changes=_changes(said["changed"]),
    ),
    "override.changed": lambda said: _(
        "Changed what %(person)s gets in the quiz %(quiz)s (%(changes)s)",
        person=said["person"],
        quiz=said["quiz"],
        changes=_changes(said["changed"]),
    ),
    "cohort_override.changed": lambda said: _(
        "Changed what the cohort %(cohort)s gets in the quiz %(quiz)s (%(changes)s)",
        cohort=said["cohort"],
        quiz=said["quiz"],
        changes=_changes(said["changed"]),
    ),
    "break.begun": lambda said: _(
        "Began a break for %(person)s in attempt %(attempt)s", person=said["person"], attempt=said["attempt"]
    ),
    "break.ended": lambda said: _(
        "Ended the break of %(person)s in attempt %(attempt)s", person=said["person"], attempt=said["attempt"]
    ),
    "grade.given": lambda said: _(
        "Graded question %(position)s in attempt %(attempt)s of %(person)s: %(marks)s",
        position=said["position"],
        attempt=said["attempt"],
        person=said["person"],
        marks=said["marks"],
    ),
    "mark.set": _mark,
    "regrade.applied": lambda said: _(
        "Applied regrade %(regrade)s of the quiz %(quiz)s (%(attempts)s attempts)",
        regrade=said["regrade"],
        quiz=said["quiz"],
        attempts=said["attempts"],
    ),
    "regrade.undone": lambda said: _(
        "Took back regrade %(regrade)s of the quiz %(quiz)s (%(attempts)s attempts)",
        regrade=said["regrade"],
        quiz=said["quiz"],
        attempts=said["attempts"],
    ),
    "regrade.tests_retried": lambda said: _(
        "Had the tests of regrade %(regrade)s of the quiz %(quiz)s run again",
        regrade=said["regrade"],
        quiz=said["quiz"],
    ),
    "question.created": lambda said: _("Wrote the question %(slug)s", slug=said["slug"]),
    "question.edited": lambda said: _("Edited the question %(slug)s", slug=said["slug"]),
    "question.moved": lambda said: _(
        "Moved the question %(slug)s from %(old)s to %(new)s", slug=said["slug"], old=said["old"], new=said["new"]
    ),
    "questions.imported": lambda said: ngettext(
        "Imported %(num)d question", "Imported %(num)d questions", said["questions"]
    ),
    "generation.allowed": lambda said: _(
        "Set who may have a model write questions (teachers: %(teachers)s, students ask: %(students)s)",
        teachers=_on(said["teachers"]),
        students=_on(said["students"]),
    ),
    "model_aids.allowed": lambda said: _(
        "Changed what the model does: drafts of comments %(comments)s, hints for checks %(hints)s",
        comments=_on(said["comments"]),
        hints=_on(said["hints"]),
    ),
    "comment_draft.requested": lambda said: _(
        "Had a comment drafted on answer %(position)s of attempt %(attempt)s",
        position=said["position"],
        attempt=said["attempt"],
    ),
    "generation.requested": lambda said: ngettext(
        "Had a model write %(num)d question", "Had a model write %(num)d questions", said["count"]
    ),
    "generation.resumed": lambda said: ngettext(
        "Had a model write %(num)d missing question", "Had a model write %(num)d missing questions", said["count"]
    ),
    "draft.edited": lambda said: _(
        "Edited draft %(draft)s of generation %(generation)s, whose answer is run first",
        draft=said["draft"],
        generation=said["generation"],
    ),
    "draft.run_again": lambda said: _(
        "Had the answer of draft %(draft)s of generation %(generation)s run again",
        draft=said["draft"],
        generation=said["generation"],
    ),
    "draft.accepted": lambda said: _(
        "Accepted draft %(draft)s of generation %(generation)s", draft=said["draft"], generation=said["generation"]
    ),
    "draft.rejected": lambda said: _(
        "Rejected draft %(draft)s of generation %(generation)s", draft=said["draft"], generation=said["generation"]
    ),
    "draft.regenerated": lambda said: _(
        "Had draft %(draft)s of generation %(generation)s written again",
        draft=said["draft"],
        generation=said["generation"],
    ),
    "practice.offered": lambda said: _("Offered practice: %(offered)s", offered=_on(said["is_offered"])),
    "board.frozen": _frozen,
    "certificate.rule_changed": lambda said: _(
        "Changed what the certificate asks: %(changed)s", changed=_changes(said["changed"])
    ),
    "certificate.revoked": lambda said: _("Revoked a certificate of %(person)s", person=said["person"]),
    "certificate.reissued": lambda said: _("Issued a certificate of %(person)s again", person=said["person"]),
    "points.given": lambda said: _(
        "Gave %(person)s points by hand: %(points)s", person=said["person"], points=said["points"]
    ),
    "points.audit_asked": lambda said: _("Had points audited (set right: %(mend)s)", mend=_on(said["mend"])),
    "lab.visited": lambda said: _("Looked into a lab of %(person)s", person=said["person"]),
    "labs.stopped": lambda said: _labs(said, _("Stopped all labs"), _("Stopped all labs of %(lab)s")),
    "labs.kept": lambda said: _labs(said, _("Kept all labs longer"), _("Kept all labs of %(lab)s longer")),
    "labs.saved": lambda said: _labs(
        said, _("Had the work in all labs saved"), _("Had the work in all labs of %(lab)s saved")
    ),
    "warm.changed": lambda said: _("Changed which machines of the lab %(lab)s are kept warm", lab=said["lab"]),
    "webhook.added": lambda said: _("Made a webhook to %(host)s", host=said["host"]),
    "webhook.changed": lambda said: _(
        "Changed the webhook to %(host)s (on: %(on)s)", host=said["host"], on=_on(said["is_on"])
    ),
    "webhook.removed": lambda said: _("Removed the webhook to %(host)s", host=said["host"]),
    "webhook.secret_rotated": lambda said: _("Replaced the secret of the webhook to %(host)s", host=said["host"]),
    "webhook.redelivered": lambda said: _("Had a message of webhook %(webhook)s sent again", webhook=said["webhook"]),
}
