"""The WSGI entry point, for `flask` and for any WSGI server."""

import click

from app import create_app
from cli.backups import backup, restore
from cli.courses import course_group
from cli.demo import demo_group
from cli.doctor import doctor as doctor_of_the_site
from cli.generations import generations_group
from cli.here import join_site
from cli.labs import labs_group
from cli.labs_capacity import keep_warm
from cli.labs_doctor import doctor
from cli.labs_plan import plan
from cli.labs_show import show
from cli.labs_test import test_labs
from cli.lti import lti_group
from cli.points import points_group
from cli.pulls import pull
from cli.questions import questions_group
from cli.tokens import token_group
from cli.users import confirm, create_admin, erase, list_users, reset_factors
from config import settings_or_exit
from database import migrations

join_site()
# `flask` loads this for a command; a WSGI server has none.
app = create_app(settings_or_exit(), "command" if click.get_current_context(silent=True) else "web")
migrations.init_app(app)
for command in (test_labs, plan, keep_warm, show, doctor):
    labs_group.add_command(command)
course_group.add_command(pull)
for group in (
    course_group,
    demo_group,
    generations_group,
    labs_group,
    lti_group,
    points_group,
    questions_group,
    token_group,
):
    app.cli.add_command(group)
for alone in (backup, restore, doctor_of_the_site):
    app.cli.add_command(alone)
# Flask-Security's own group: these stand beside its verbs.
for command in (confirm, create_admin, reset_factors, erase, list_users):
    app.cli.commands["users"].add_command(command)  # type: ignore[attr-defined]  # it is a group
