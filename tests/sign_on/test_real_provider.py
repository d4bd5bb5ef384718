"""A whole way there and back with a provider that others wrote and certified, as a browser without scripts goes it."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from urllib.parse import urljoin

import pytest
import requests

from config import ROOT
from models import User
from tests.accounts.codes import who
from tests.people import post
from tests.sign_on.conftest import come_back, there
from tests.sites import free_port

BACK = "http://localhost/sign-on/school/back"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """A provider that runs."""
    node, port = shutil.which("node"), free_port()
    assert node, "the front-end's packages need it, too"
    command = [node, str(ROOT / "tests/sign_on/provider.mjs"), str(port), BACK]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        said = []
        while (line := process.stdout.readline()) and line.strip() != "ready":
            said.append(line)
        assert process.poll() is None, "".join(said)
        yield f"http://127.0.0.1:{port}"
        process.kill()


def agree(browser: requests.Session, address: str, name: str) -> str:
    """Sign in there as `name`, agree to all, and return where one is led back to."""
    forms = [{"prompt": "login", "login": name, "password": "any"}, {"prompt": "consent"}]
    page = browser.get(address, allow_redirects=False)
    while True:
        if page.is_redirect:
            onward = urljoin(page.url, page.headers["Location"])
            if onward.startswith(BACK):
                return onward
            page = browser.get(onward, allow_redirects=False)
        else:
            action = re.search(r'action="([^"]+)"', page.text)
            assert action, page.text
            page = browser.post(urljoin(page.url, action[1]), data=forms.pop(0), allow_redirects=False)


def test_a_person_signs_in_with_a_real_provider_and_comes_back_as_themselves(client, db, trust, issuer):
    trust(issuer)
    with requests.Session() as browser:
        first = come_back(client, agree(browser, there(client, "/sign-on/school?next=/labs"), "erin"))
        erin = who(client)
        left = client.get(post(client, "/logout").location).text
        come_back(client, agree(browser, there(client), "erin"))

    assert first.location == "/labs"
    assert who(client) == erin is not None
    assert db.session.get(User, erin).email == "erin@school.example"
    assert f"{issuer}/session/end?client_id=yurt" in left


def test_what_a_real_provider_gave_is_good_once_and_in_one_browser(client, db, trust, issuer, app):
    trust(issuer)
    other = app.test_client()
    there(other)
    with requests.Session() as browser:
        address = agree(browser, there(client), "frank")

    come_back(other, address)
    assert who(other) is None
    come_back(client, address)
    assert who(client) is not None
    post(client, "/logout")
    come_back(client, address)
    assert who(client) is None


def test_a_real_provider_refuses_a_code_that_another_asked_for(client, db, trust, issuer, app):
    """Somebody who steals a code can't use it: it takes the verifier of the browser that asked (RFC 7636)."""
    trust(issuer)
    thief = app.test_client()
    with requests.Session() as browser:
        code = re.search(r"code=([^&]+)", agree(browser, there(client), "grace"))
    state = re.search(r"state=([^&]+)", there(thief))
    assert code and state

    come_back(thief, f"{BACK}?code={code[1]}&state={state[1]}&iss={issuer}")

    assert who(thief) is None


def test_a_real_provider_shows_that_it_is_still_the_same_person(client, db, trust, issuer):
    trust(issuer)
    with requests.Session() as browser:
        come_back(client, agree(browser, there(client), "heidi"))
        with client.session_transaction() as session:
            session["fs_paa"] -= 3600
        assert client.get("/account/factors/authenticator").location.startswith("/verify")
        come_back(client, agree(browser, there(client, "/sign-on/school/again"), "heidi"))

    assert client.get("/account/factors/authenticator").status_code == 200
