"""How operators hear of trouble: Prometheus' way in, error reports, and an alert sent for trial."""

import json
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from cli.diagnosis.findings import Finding, fault, left, note, well
from config import Settings

PATIENCE_S = 8
TRIAL = timedelta(minutes=2)


def look(settings: Settings, alertmanager: str = "") -> Iterator[Finding]:
    """Look at METRICS_TOKEN and SENTRY_DSN; send the Alertmanager at that address an alert that ends by itself."""
    if settings.metrics_token:
        yield well("metrics", "Prometheus may read /metrics with METRICS_TOKEN")
    elif settings.is_demo:
        yield left("metrics", "read on this machine alone")
    else:
        yield note("metrics", "only this machine may read /metrics", "METRICS_TOKEN, and deploy/prometheus")
    if settings.sentry_dsn:
        yield _sentry(settings.sentry_dsn)
    if alertmanager:
        yield _trial(alertmanager.rstrip("/"), settings)
    else:
        yield left("alerts", "not tried", "flask doctor --alertmanager http://alertmanager.example.org:9093")


def _sentry(dsn: str) -> Finding:
    parts = urlsplit(dsn)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with socket.create_connection((parts.hostname or "", port), PATIENCE_S) as plain:
            if parts.scheme == "https":
                with ssl.create_default_context().wrap_socket(plain, server_hostname=parts.hostname):
                    pass
    except OSError as error:
        return fault(
            "error reports", f"{parts.hostname}:{port} can't be reached: {error}", "mend SENTRY_DSN, or the way out"
        )
    return well("error reports", f"{parts.hostname} can be reached")


def _trial(url: str, settings: Settings) -> Finding:
    now = datetime.now(UTC)
    alert = {
        "labels": {"alertname": "YurtTrial", "severity": "ticket", "instance": settings.instance},
        "annotations": {"summary": "A trial by `flask doctor`: nothing is wrong"},
        "startsAt": now.isoformat(),
        "endsAt": (now + TRIAL).isoformat(),
        "generatorURL": settings.public_url,
    }
    try:
        request = urllib.request.Request(
            f"{url}/api/v2/alerts", json.dumps([alert]).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_S):
            pass
    except (urllib.error.URLError, OSError, ValueError) as error:
        return fault("alerts", f"{url} doesn't take an alert: {error}", "start Alertmanager, or mend the address")
    return well("alerts", "Alertmanager took YurtTrial: a message should reach you within its group_wait")
