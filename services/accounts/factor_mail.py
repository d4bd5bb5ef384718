"""Mail that says how the ways to sign in with an account have changed, to the person whose it is, in their language."""

from typing import Literal

from extensions import db
from models import Mail, User
from reasons import N_, Catalogue
from services import live, plain

Change = Literal[
    "authenticator_added",
    "authenticator_removed",
    "passkey_added",
    "passkey_removed",
    "identity_added",
    "identity_removed",
    "codes_made",
    "code_used",
    "all_removed",
]

SUBJECT = N_("How you sign in has changed")
WORDS: dict[Change, str] = {
    "authenticator_added": N_(
        "An authenticator app was added to your account: signing in asks for its code from now on."
    ),
    "authenticator_removed": N_("The authenticator app of your account was removed."),
    "passkey_added": N_("The passkey “%(named)s” was added to your account: it signs in with a password or alone."),
    "passkey_removed": N_("The passkey “%(named)s” of your account was removed."),
    "identity_added": N_("You can sign in to your account with “%(named)s” from now on."),
    "identity_removed": N_("“%(named)s” no longer signs in to your account."),
    "codes_made": N_("New recovery codes were made for your account. The old ones no longer work."),
    "code_used": N_("A recovery code was used to sign in with your account. It doesn't work a second time."),
    "all_removed": N_("Those who run the site removed every second factor of your account."),
}
BODY = N_(
    """Hello %(name)s,

%(what)s

If that wasn't you, somebody else may know your password: choose a new one at once, look at how you sign in, and tell \
those who run the site.
"""
)


def tell(user: User, change: Change, *, named: str = "") -> Mail:
    """Write the mail, in the transaction of the change; `named` is what the person calls the factor."""
    catalogue = Catalogue(user.language)
    mail = Mail(
        recipient=user.email,
        subject=catalogue.gettext(SUBJECT),
        body_text=catalogue.gettext(BODY)
        % {
            "name": plain.sentence(user.display_name),
            "what": catalogue.gettext(WORDS[change]) % {"named": plain.sentence(named)},
        },
    )
    db.session.add(mail)
    live.nudge("mail")
    return mail
