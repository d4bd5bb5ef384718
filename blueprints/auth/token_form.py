"""The form of a new token: what it is for, how long it works, what it may, and where."""

from collections.abc import Sequence

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import Field, SelectField, SelectMultipleField, StringField, SubmitField
from wtforms.validators import DataRequired, Length, StopValidation
from wtforms.widgets import CheckboxInput

from blueprints.auth import scope_words
from models import Course
from services import markdown


def _some(form: FlaskForm, field: Field) -> None:
    """Ask for one choice at least. WTForms' own DataRequired would make the browser ask for every box."""
    if not field.data and not form.parts.data:
        raise StopValidation(_("Choose at least one."))


class TokenForm(FlaskForm):
    """A new token."""

    name = StringField(lazy_gettext("What is it for?"), validators=[DataRequired(), Length(max=60)])
    days = SelectField(
        lazy_gettext("Valid for"),
        choices=[(30, lazy_gettext("30 days")), (90, lazy_gettext("90 days")), (365, lazy_gettext("a year"))],
        coerce=int,
        default=90,
    )
    course = SelectField(lazy_gettext("Where"), choices=[("", lazy_gettext("wherever I may"))], default="")
    scopes = SelectMultipleField(
        lazy_gettext("May"),
        choices=scope_words.choices(),
        default=["read"],
        option_widget=CheckboxInput(),
        validators=[_some],
    )
    parts = SelectMultipleField(
        lazy_gettext("Only parts of it"), choices=scope_words.parts(), option_widget=CheckboxInput()
    )
    submit = SubmitField(lazy_gettext("Make a token"))

    def offering(self, courses: Sequence[Course]) -> "TokenForm":
        """Let one of these courses be chosen as the only one where the token works."""
        self._ids = {course.slug: course.id for course in courses}
        self.course.choices = [
            *self.course.choices,
            *((course.slug, markdown.plain(course.title)) for course in courses),
        ]
        return self

    @property
    def chosen(self) -> list[str]:
        """What the token may."""
        return [*(self.scopes.data or ()), *(self.parts.data or ())]

    @property
    def course_id(self) -> int | None:
        """The course that was chosen."""
        return self._ids.get(self.course.data)
