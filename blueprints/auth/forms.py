"""Our forms of Flask-Security: none tells by its answer or its time whether an address has an account.

Who asks for mail to an address without an account gets the same work done, for a person who isn't kept: `nobody`.
"""

import uuid
from typing import Any

from flask import has_request_context
from flask_babel import lazy_gettext
from flask_security import ChangePasswordForm as SecurityChangePasswordForm
from flask_security import ResetPasswordForm as SecurityResetPasswordForm
from flask_security.forms import (
    EmailValidation,
    ForgotPasswordForm,
    Form,
    IsString,
    RegisterFormV2,
    SendConfirmationForm,
    email_required,
)
from sqlalchemy import func, select
from wtforms import BooleanField, EmailField, HiddenField, StringField
from wtforms.validators import ValidationError

from extensions import db
from models import User
from models.user import role_members
from services.accounts import profiles
from services.errors import InvalidInput

# As long as a hash of argon2.
NO_PASSWORD = "-" * 97


class RegisterForm(RegisterFormV2):
    """Registering asks for a name to show, too."""

    display_name = StringField(lazy_gettext("Your name"))
    time_zone = HiddenField(render_kw={"data-zone": ""})

    def validate_display_name(self, field: Any) -> None:
        """Clean the name, or say what is wrong with it."""
        if not has_request_context():  # a command may leave it out
            field.data = field.data or (self.email.data or "").partition("@")[0]
        try:
            field.data = profiles.clean_name(field.data)
        except InvalidInput as fault:
            raise ValidationError(fault.message) from fault

    def to_dict(self, only_user: bool) -> dict[str, Any]:
        """Give what a new account is made of."""
        made: dict[str, Any] = super().to_dict(only_user)
        made["handle"] = profiles.handle_for(made["display_name"])
        made["time_zone"] = profiles.known_zone(made.get("time_zone"))
        return made


class ForgotForm(ForgotPasswordForm):
    """Asking for a link to choose a new password. An address that isn't confirmed yet is, by that link."""

    email = EmailField(validators=[IsString(), email_required, EmailValidation(verify=True)])

    def validate(self, **rest: Any) -> bool:
        """Find whom the mail goes to."""
        if not Form.validate(self, **rest):
            return False
        self.user = _person(self.email.data, lambda user: user.active)
        return True


class ResendForm(SendConfirmationForm):
    """Asking for the mail with the link of a registration once more."""

    email = EmailField(validators=[IsString(), email_required, EmailValidation(verify=True)])

    def validate(self, **rest: Any) -> bool:
        """Find whom the mail goes to."""
        if not Form.validate(self, **rest):
            return False
        self.user = _person(self.email.data, lambda user: user.active and user.confirmed_at is None)
        return True


class ChangePasswordForm(SecurityChangePasswordForm):
    """Whoever changes a password because somebody else may know it can end the tokens, too."""

    end_tokens = BooleanField(lazy_gettext("Also end all API tokens"))


class ResetPasswordForm(SecurityResetPasswordForm):
    """As when it is changed."""

    end_tokens = BooleanField(lazy_gettext("Also end all API tokens"))


def is_nobody(user: Any) -> bool:
    """Say whether mail for this person would go to nobody."""
    return isinstance(user, User) and user.password == NO_PASSWORD


def _person(address: str, may_get_mail: Any) -> User:
    user = db.session.scalar(select(User).where(func.lower(User.email) == address))
    if user is not None and may_get_mail(user):
        return user
    # A person comes with their roles.
    db.session.execute(select(role_members).where(role_members.c.user_id == 0)).all()
    return User(email=address, password=NO_PASSWORD, fs_uniquifier=uuid.uuid4().hex, display_name="", handle="")
