"""Both front doors: Caddy's file is judged by Caddy, nginx's by its structure, and they promise the same."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

import body_time
from cli.door import CADDYFILE, door_environ, find_caddy, upstream
from config import ROOT, Settings, load_settings
from tests.engines import SECRET

NGINX = ROOT / "deploy" / "nginx" / "nginx.conf"
Block = list[tuple[list[str], "Block | None"]]


def settings(**changes: Any) -> Settings:
    return load_settings(secret_key=SECRET, **changes)


def adapt(tmp_path: Path, **changes: Any) -> str:
    """Return the configuration that Caddy makes of its file, as JSON."""
    environ = door_environ(settings(**changes), web="unix//run/web", gateway="unix//run/gateway", home=tmp_path)
    command = [find_caddy(), "adapt", "--validate", "--config", str(CADDYFILE), "--adapter", "caddyfile"]
    result = subprocess.run(command, env=dict(environ), capture_output=True, text=True, timeout=30, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def parse(text: str) -> Block:
    """Read nginx's grammar: words, then `;` or a block in braces. Raises on what nginx couldn't read either."""
    tokens = re.findall(r"""'[^']*'|"[^"]*"|[{};]|#[^\n]*|[^\s{};]+""", text)
    stack: list[Block] = [[]]
    words: list[str] = []
    for token in (token for token in tokens if not token.startswith("#")):
        if token == ";":
            assert words, "a lonely semicolon"
            stack[-1].append((words, None))
            words = []
        elif token == "{":
            inner: Block = []
            stack[-1].append((words, inner))
            stack.append(inner)
            words = []
        elif token == "}":
            assert not words, f"{words} lacks its semicolon"
            stack.pop()
            assert stack, "a brace too many"
        else:
            words.append(token.strip("'\""))
    assert len(stack) == 1, "a brace too few"
    assert not words
    return stack[0]


def block(parent: Block, *name: str) -> Block:
    found = [inner for words, inner in parent if words[: len(name)] == list(name) and inner is not None]
    assert len(found) == 1, f"{name}: {len(found)}"
    return found[0]


def servers(http: Block) -> tuple[Block, Block]:
    """Return the site's server, which takes every name, and that of the labs' own hosts."""
    site, hosts = (inner for words, inner in http if words == ["server"] and inner is not None)
    assert "default_server" in values(site, "listen")[0]
    return site, hosts


def values(parent: Block, name: str) -> list[list[str]]:
    return [words[1:] for words, inner in parent if inner is None and words[0] == name]


@pytest.fixture(scope="module")
def http() -> Block:
    """nginx's http block."""
    return block(parse(NGINX.read_text()), "http")


def test_caddy_accepts_its_file(tmp_path: Path) -> None:
    adapted = adapt(tmp_path)

    assert '"max_size":11000000' in adapted
    assert '"unix//run/web"' in adapted
    assert '"unix//run/gateway"' in adapted
    assert '"admin":{"disabled":true' in adapted


def test_caddy_sends_the_hosts_of_labs_to_the_gateway_before_it_looks_at_the_path(tmp_path: Path) -> None:
    adapted = adapt(tmp_path)

    assert adapted.index('"name":"labs"') < adapted.index('"/static/*"')
    assert adapted.index('"name":"labs"') < adapted.index('"/live/*"')


def test_caddy_waits_for_whatever_restarts_behind_it(tmp_path: Path) -> None:
    adapted = adapt(tmp_path)

    assert adapted.count('"handler":"reverse_proxy"') == 4
    assert adapted.count('"try_duration":5000000000') == 4


def test_caddy_and_the_workers_keep_one_time_for_bodies(tmp_path: Path) -> None:
    adapted = adapt(tmp_path)

    assert f'"read_idle_timeout":{100 * 10**9}' in adapted
    assert f'"read_min_rate":{body_time.BYTES_A_SECOND}' in adapted
    assert body_time.DOOR_GRACE_S > body_time.GRACE_S


def test_nginx_keeps_no_body_and_waits_longer_than_who_reads_it(http: Block) -> None:
    (seconds,) = values(http, "client_body_timeout")[0]
    site, _labs = servers(http)

    assert int(seconds.removesuffix("s")) > body_time.GRACE_S
    assert values(block(site, "location", "@with_body"), "proxy_request_buffering") == [["off"]]


def test_caddy_knows_the_hosts_of_the_site(tmp_path: Path) -> None:
    adapted = adapt(
        tmp_path,
        public_url="https://learn.example.org",
        trusted_hosts="learn2.example.org,[2001:db8::1]",
        lab_ports_host="*.labs.example.org",
    )

    assert r"learn\\.example\\.org" in adapted
    assert r"\\[2001:db8::1\\]" in adapted
    assert adapted.index('"status_code":421') < adapted.index('"/static/*"')
    assert '["/healthz","/readyz","/metrics"]' in adapted


@pytest.mark.parametrize(
    ("told", "is_site"),
    [
        ("learn.example.org", True),
        ("forged.example, learn.example.org", True),
        ("learn.example.org, forged.example", False),
        ("forged.example", False),
        ("", False),
    ],
)
def test_a_proxy_in_front_says_at_the_door_which_host_it_was_asked_for(
    tmp_path: Path, told: str, is_site: bool
) -> None:
    made = settings(public_url="https://learn.example.org", trusted_proxies=2)
    behind = door_environ(made, web="w:1", gateway="g:1", home=tmp_path)["YURT_FORWARDED"]
    alone = door_environ(settings(), web="w:1", gateway="g:1", home=tmp_path)["YURT_FORWARDED"]

    assert bool(re.search(behind, told)) is is_site
    assert not re.search(alone, told)


def test_caddy_believes_nobody_when_it_is_outermost(tmp_path: Path) -> None:
    alone, behind = adapt(tmp_path, trusted_proxies=1), adapt(tmp_path, trusted_proxies=2)

    assert '"trusted_proxies"' not in alone
    assert '"X-Request-Id"' in alone or '"X-Request-ID"' in alone
    assert '"trusted_proxies"' in behind
    assert "X-Forwarded-Proto" in behind


def test_caddy_writes_nowhere_but_below_var(tmp_path: Path) -> None:
    environ = door_environ(settings(), web="w:1", gateway="g:1", home=tmp_path)

    assert {environ["HOME"], environ["XDG_DATA_HOME"], environ["XDG_CONFIG_HOME"]} == {str(tmp_path)}
    assert "SECRET_KEY" not in environ
    assert set(environ) & set(os.environ) <= {"PATH", "HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"}


@pytest.mark.parametrize(
    ("address", "form"), [("unix:/run/web.sock", "unix//run/web.sock"), ("127.0.0.1:2027", "127.0.0.1:2027")]
)
def test_addresses_are_in_caddys_form(address: str, form: str) -> None:
    assert upstream(address) == form


NAMES = "https://learn.example.org:8443 learn2.example.org,10.0.0.5, [2001:db8::1] *.labs.example.org"


@pytest.mark.parametrize(
    ("host", "names", "is_ours"),
    [
        ("learn.example.org", NAMES, True),
        ("learn2.example.org", NAMES, True),
        ("10.0.0.5", NAMES, True),
        ("[2001:db8::1]", NAMES, True),
        (f"8000-{'0' * 32}.labs.example.org", NAMES, True),
        ("evil.example", NAMES, False),
        ("example.org", NAMES, False),
        ("10.0.0.50", NAMES, False),
        ("labs.example.org", NAMES, False),
        ("localhost", NAMES, False),
        ("https", NAMES, False),
        ("localhost", "http://127.0.0.1:2026  ", True),
        ("[::1]", "http://localhost:2026  ", True),
        ("evil.example", "http://localhost:2026  ", False),
    ],
)
def test_nginx_looks_a_host_up_in_the_sites_names(http: Block, host: str, names: str, is_ours: bool) -> None:
    rules = [words[0] for words, _ in block(http, "map", "$host $site_names") if words[0].startswith("~*")]
    forms = [re.sub(r"\\k<(\w+)>", r"(?P=\1)", rule[2:]).replace("(?<", "(?P<") for rule in rules]

    assert len(forms) == 3
    assert any(re.search(form, f"{host} {names}", re.IGNORECASE) for form in forms) is is_ours


def test_nginx_refuses_foreign_hosts_in_both_of_its_servers(http: Block) -> None:
    for server in servers(http):
        assert values(block(server, "if", "($is_foreign)"), "return") == [["421"]]
    assert values(http, "include") == [["/etc/nginx/mime.types"], ["/tmp/hosts.conf"]]


def test_nginx_takes_an_upload_of_ten_megabytes_and_little_more(http: Block) -> None:
    assert values(http, "client_max_body_size") == [["11m"]]


def test_nginx_bounds_nothing_that_goes_to_a_web_server_in_a_lab(http: Block) -> None:
    site, labs = servers(http)
    live = block(site, "location", "/live/")

    for ports in (block(live, "location", "/live/ports/"), block(labs, "location", "/")):
        assert values(ports, "client_max_body_size") == [["0"]]
        assert values(ports, "proxy_request_buffering") == [["off"]]
        assert values(ports, "proxy_pass") == [["http://gateway"]]


def test_nginx_never_holds_live_connections_up(http: Block) -> None:
    site, labs = servers(http)
    for live in (block(site, "location", "/live/"), block(labs, "location", "/")):
        assert_is_live(live)


def test_nginx_sends_the_hosts_of_labs_to_the_gateway(http: Block) -> None:
    _site, labs = servers(http)
    (pattern,) = values(labs, "server_name")[0]

    assert re.search(pattern.removeprefix("~"), f"8000-{'0' * 32}.labs.example.org")
    assert not re.search(pattern.removeprefix("~"), "learn.example.org")


def assert_is_live(live: Block) -> None:
    assert values(live, "proxy_pass") == [["http://gateway"]]
    assert values(live, "proxy_buffering") == [["off"]]
    assert ["Upgrade", "$http_upgrade"] in values(live, "proxy_set_header")
    assert values(live, "proxy_read_timeout") == [["1h"]]


def test_nginx_tells_the_application_who_asks_everywhere(http: Block) -> None:
    # A location with one proxy_set_header of its own inherits none of the others.
    site, labs = servers(http)
    for where in (http, block(site, "location", "/live/"), block(labs, "location", "/")):
        names = [value[0] for value in values(where, "proxy_set_header")]
        assert {"Host", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Request-ID"} <= set(names)


def test_nginx_needs_no_rights_and_writes_to_tmp_only(http: Block) -> None:
    for server in servers(http):
        assert int(values(server, "listen")[0][0]) > 1024
    for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"):
        assert values(http, f"{kind}_temp_path")[0][0].startswith("/tmp/")


def test_nginx_logs_no_tickets(http: Block) -> None:
    logged = " ".join(values(http, "log_format")[0])

    assert "$request_uri" not in logged
    assert '$request"' not in logged
    assert "$args" not in logged
    assert "$uri" not in logged
