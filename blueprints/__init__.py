"""The HTTP edge: one package a domain, with views.py (pages) and api.py (JSON)."""

from flask import Flask

from blueprints.analysis.api import analysis_api
from blueprints.analysis.views import analysis
from blueprints.api_docs.views import api_docs
from blueprints.audit.api import audit_api
from blueprints.audit.views import audit_log
from blueprints.auth.api import auth_api
from blueprints.auth.confirmation import confirmation
from blueprints.auth.factors import factors
from blueprints.auth.passkeys import passkeys
from blueprints.auth.second import second
from blueprints.auth.sign_on import sign_on
from blueprints.auth.views import auth
from blueprints.bank.api import bank_api
from blueprints.bank.slots import quiz_slots
from blueprints.bank.slots_api import slots_api
from blueprints.bank.views import bank
from blueprints.certificates.api import certificates_api
from blueprints.certificates.public import public_certificates
from blueprints.certificates.views import certificates
from blueprints.contents.api import contents_api
from blueprints.contents.files_api import course_files_api
from blueprints.contents.outline_api import outline_api
from blueprints.courses.api import courses_api
from blueprints.courses.people import people
from blueprints.courses.pictures import pictures
from blueprints.courses.rosters import roster
from blueprints.courses.rosters_api import rosters_api
from blueprints.courses.views import courses
from blueprints.events.api import events_api
from blueprints.generations.aids import model_aids
from blueprints.generations.aids_api import model_aids_api
from blueprints.generations.api import generations_api
from blueprints.generations.reviews import generation_drafts
from blueprints.generations.views import generations
from blueprints.generations.wishes import practice_wishes
from blueprints.gradebook.api import gradebook_api
from blueprints.gradebook.mine import my_grades
from blueprints.gradebook.views import gradebook
from blueprints.imports.api import imports_api
from blueprints.imports.views import course_imports
from blueprints.labs.api import labs_api
from blueprints.labs.board import labs_board
from blueprints.labs.help import lab_help
from blueprints.labs.help_api import lab_help_api
from blueprints.labs.ports import lab_ports
from blueprints.labs.views import labs
from blueprints.labs.visits import lab_visits
from blueprints.labs.warm_api import warm_api
from blueprints.labs.work import work
from blueprints.labs.work_api import lab_work_api
from blueprints.leaderboards.api import leaderboards_api
from blueprints.leaderboards.points import points
from blueprints.leaderboards.points_api import points_api
from blueprints.leaderboards.settings import board_settings
from blueprints.leaderboards.views import leaderboards
from blueprints.lti.api import lti_api
from blueprints.lti.arrivals import arrivals
from blueprints.lti.connections import lti_connections
from blueprints.lti.entering import entering
from blueprints.lti.picks import picks
from blueprints.lti.platforms import lti_platforms
from blueprints.persons.api import persons_api
from blueprints.persons.views import persons
from blueprints.practice.api import practice_api
from blueprints.practice.views import practice
from blueprints.question_files.api import question_files_api
from blueprints.question_files.views import question_files
from blueprints.quizzes.accommodations import accommodations
from blueprints.quizzes.accommodations_api import accommodations_api
from blueprints.quizzes.api import quizzes_api
from blueprints.quizzes.breaks import quiz_breaks
from blueprints.quizzes.breaks_api import quiz_breaks_api
from blueprints.quizzes.cohorts import quiz_cohorts
from blueprints.quizzes.files import quiz_files
from blueprints.quizzes.files_api import quiz_files_api
from blueprints.quizzes.hints import quiz_hints
from blueprints.quizzes.hints_api import quiz_hints_api
from blueprints.quizzes.kept_questions import kept_questions
from blueprints.quizzes.manual import manual_grading
from blueprints.quizzes.manual_api import manual_grading_api
from blueprints.quizzes.parts import question_parts
from blueprints.quizzes.settings import quiz_settings
from blueprints.quizzes.trials import quiz_trials
from blueprints.quizzes.trials_api import quiz_trials_api
from blueprints.quizzes.views import quizzes
from blueprints.regrades.api import regrades_api
from blueprints.regrades.views import regrades
from blueprints.statements.api import statements_api
from blueprints.statements.views import statements
from blueprints.users.api import users_api
from blueprints.webhooks.api import webhooks_api
from blueprints.webhooks.views import webhooks

PAGES = (
    auth,
    confirmation,
    second,
    factors,
    passkeys,
    sign_on,
    courses,
    pictures,
    people,
    roster,
    course_imports,
    quizzes,
    bank,
    generations,
    generation_drafts,
    model_aids,
    question_files,
    quiz_slots,
    question_parts,
    kept_questions,
    quiz_settings,
    quiz_hints,
    quiz_trials,
    quiz_files,
    accommodations,
    quiz_cohorts,
    quiz_breaks,
    manual_grading,
    regrades,
    practice,
    practice_wishes,
    analysis,
    gradebook,
    statements,
    my_grades,
    audit_log,
    certificates,
    persons,
    public_certificates,
    webhooks,
    leaderboards,
    board_settings,
    points,
    labs,
    lab_ports,
    lab_help,
    lab_visits,
    labs_board,
    work,
    arrivals,
    picks,
    entering,
    lti_platforms,
    lti_connections,
)
APIS = (
    api_docs,
    auth_api,
    users_api,
    courses_api,
    imports_api,
    rosters_api,
    outline_api,
    contents_api,
    course_files_api,
    quizzes_api,
    quiz_hints_api,
    quiz_trials_api,
    quiz_files_api,
    accommodations_api,
    quiz_breaks_api,
    manual_grading_api,
    regrades_api,
    practice_api,
    bank_api,
    generations_api,
    model_aids_api,
    question_files_api,
    slots_api,
    analysis_api,
    gradebook_api,
    statements_api,
    certificates_api,
    persons_api,
    leaderboards_api,
    points_api,
    audit_api,
    events_api,
    webhooks_api,
    labs_api,
    warm_api,
    lab_help_api,
    lab_work_api,
    lti_api,
)


def register_blueprints(app: Flask) -> None:
    """Mount every page, and every API under /api/v1."""
    for blueprint in PAGES:
        app.register_blueprint(blueprint)
    for blueprint in APIS:
        app.register_blueprint(blueprint, url_prefix="/api/v1")
