"""The JSON API of what students get beyond the others."""

from typing import Any

from apiflask import APIBlueprint

from blueprints import access
from blueprints.bearer import auth, me, scope
from blueprints.pages import now
from blueprints.quizzes.schemas_accommodations import AccommodationIn, AccommodationOut, OverrideIn, OverrideOut
from blueprints.schemas import responses
from extensions import db
from models import Quiz
from services.courses.outlines import activity
from services.quizzes import accommodations, cohort_terms

accommodations_api = APIBlueprint("accommodations_api", __name__, tag="Quizzes")
PROFILE = "/courses/<slug>/enrolments/<int:user_id>/accommodation"
OVERRIDE = "/courses/<slug>/quizzes/<quiz>/overrides/<int:user_id>"
COHORT = "/courses/<slug>/quizzes/<quiz>/cohort-overrides/<int:cohort_id>"


@accommodations_api.get(PROFILE)
@accommodations_api.auth_required(auth)
@accommodations_api.output(AccommodationOut)
@accommodations_api.doc(summary="Read what a student gets in all quizzes", responses=responses(403, 404))
@scope("people:read")
def read_accommodation(slug: str, user_id: int) -> Any:
    """For the course's staff."""
    course, _enrolment = access.accommodated(slug, user_id, me())
    return accommodations.profile_of(course, user_id)


@accommodations_api.put(PROFILE)
@accommodations_api.auth_required(auth)
@accommodations_api.input(AccommodationIn)
@accommodations_api.output(AccommodationOut)
@accommodations_api.doc(summary="Change what a student gets in all quizzes", responses=responses(403, 404, 422))
@scope("people:write")
def change_accommodation(slug: str, user_id: int, json_data: AccommodationIn) -> Any:
    """Change what is given. Attempts that are open end later at once."""
    course, _enrolment = access.accommodated(slug, user_id, me())
    given = {name: getattr(json_data, name) for name in json_data.model_fields_set}
    accommodations.set_profile(course, user_id, given, now=now())
    db.session.commit()
    return accommodations.profile_of(course, user_id)


@accommodations_api.get(OVERRIDE)
@accommodations_api.auth_required(auth)
@accommodations_api.output(OverrideOut)
@accommodations_api.doc(summary="Read what holds for a student at one quiz", responses=responses(403, 404))
@scope("people:read")
def read_override(slug: str, quiz: str, user_id: int) -> Any:
    """For the course's staff."""
    course, _enrolment = access.accommodated(slug, user_id, me())
    return accommodations.override_of(activity(course, quiz, Quiz), user_id)


@accommodations_api.put(OVERRIDE)
@accommodations_api.auth_required(auth)
@accommodations_api.input(OverrideIn)
@accommodations_api.output(OverrideOut)
@accommodations_api.doc(summary="Change what holds for a student at one quiz", responses=responses(403, 404, 422))
@scope("people:write")
def change_override(slug: str, quiz: str, user_id: int, json_data: OverrideIn) -> Any:
    """Change what is given; a time that is null is the quiz's own again. An attempt that is open ends later at once."""
    course, _enrolment = access.accommodated(slug, user_id, me())
    chosen_quiz = activity(course, quiz, Quiz)
    given = {name: getattr(json_data, name) for name in json_data.model_fields_set}
    accommodations.set_override(chosen_quiz, user_id, given, now=now())
    db.session.commit()
    return accommodations.override_of(chosen_quiz, user_id)


@accommodations_api.get(COHORT)
@accommodations_api.auth_required(auth)
@accommodations_api.output(OverrideOut)
@accommodations_api.doc(summary="Read what holds for a cohort at one quiz", responses=responses(403, 404))
@scope("people:read")
def read_cohort_override(slug: str, quiz: str, cohort_id: int) -> Any:
    """For the course's staff."""
    chosen_quiz, cohort = access.accommodated_cohort(slug, quiz, cohort_id, me())
    return cohort_terms.override_of(chosen_quiz, cohort.id)


@accommodations_api.put(COHORT)
@accommodations_api.auth_required(auth)
@accommodations_api.input(OverrideIn)
@accommodations_api.output(OverrideOut)
@accommodations_api.doc(summary="Change what holds for a cohort at one quiz", responses=responses(403, 404, 422))
@scope("people:write")
def change_cohort_override(slug: str, quiz: str, cohort_id: int, json_data: OverrideIn) -> Any:
    """Change what is given. What a student has of their own comes before it. Open attempts end later at once."""
    chosen_quiz, cohort = access.accommodated_cohort(slug, quiz, cohort_id, me())
    given = {name: getattr(json_data, name) for name in json_data.model_fields_set}
    cohort_terms.set_override(chosen_quiz, cohort, given, now=now())
    db.session.commit()
    return cohort_terms.override_of(chosen_quiz, cohort.id)
