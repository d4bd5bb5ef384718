"""How providers are named in the settings, and what is said of a list that isn't right."""

import json

import pytest

from sign_on_settings import Provider, providers_of

RIGHT = {"name": "a", "title": "A", "issuer": "https://a.example", "client_id": "b", "client_secret": "hush"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"issuer": "http://a.example"}, "provider 1, issuer"),
        ({"issuer": "https://a.example?x=1"}, "provider 1, issuer"),
        ({"name": "../x"}, "provider 1, name"),
        ({"client_secret": {"hush": 1}}, "provider 1, client_secret"),
        ({"domain": ["a.example"]}, "provider 1, domain"),
        ({"domains": ["a"]}, "provider 1, domains.0"),
        ({"scopes": "email"}, "scopes must have openid"),
        ({"trusts_addresses": True}, "trusts_addresses needs domains"),
        ({"rules": [{"claim": "g", "value": "v", "role": "teacher"}]}, "every other rule has one"),
        ({"rules": [{"claim": "g", "value": "v", "role": "admin", "course": "x"}]}, "an admin's rule has no course"),
        ({"rules": [{"claim": "g", "value": "v", "role": "owner"}]}, "provider 1, rules.0.role"),
    ],
    ids=str,
)
def test_what_is_wrong_is_named_and_no_secret_repeated(changes, said):
    with pytest.raises(ValueError) as fault:
        providers_of(json.dumps([{**RIGHT, **changes}]))

    assert said in str(fault.value)
    assert "hush" not in str(fault.value)


def test_two_of_one_name_are_refused():
    with pytest.raises(ValueError, match="two providers are called a"):
        providers_of(json.dumps([RIGHT, RIGHT]))


def test_a_provider_on_this_machine_needs_no_tls_and_a_secret_is_not_shown():
    [made] = providers_of(json.dumps([{**RIGHT, "issuer": "http://127.0.0.1:8080/realms/x"}]))

    assert isinstance(made, Provider)
    assert "hush" not in repr(made)
