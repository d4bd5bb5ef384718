"""The addresses of this site that a platform has to be told."""

from flask import url_for

from blueprints.lti.arrivals import settings
from services.lti.launches import LAUNCH_PATH, PICK_PATH


def addresses() -> dict[str, str]:
    """Return them by what they are for, as the fields of the API name them."""
    public_url = settings().public_url
    return {
        "login_url": f"{public_url}{url_for('lti.login')}",
        "launch_url": f"{public_url}{LAUNCH_PATH}",
        "pick_url": f"{public_url}{PICK_PATH}",
        "keys_url": f"{public_url}{url_for('lti.keys')}",
    }
