"""Tells whether a database needs the release step, without the application, because every start asks."""

import contextlib
import re
from pathlib import Path

import psycopg2

from config import ROOT
from database import time_outs, troubles

VERSIONS = ROOT / "migrations" / "versions"
REVISION = re.compile(r"^(down_revision|revision)(?::[^=]+)? = (.+)$", re.MULTILINE)


def heads(folder: Path = VERSIONS) -> set[str]:
    """Return the revisions that no other one follows."""
    own: set[str] = set()
    followed: set[str] = set()
    for path in folder.glob("*.py"):
        for name, value in REVISION.findall(path.read_text()):
            (own if name == "revision" else followed).update(re.findall(r"[\"']([^\"']+)[\"']", value))
    return own - followed


def caution(url: str) -> str | None:
    """Return a line for a database that answers but doesn't have this code's schema; else None."""
    try:
        connection = psycopg2.connect(url.replace("+psycopg2", "", 1), connect_timeout=5)
    except psycopg2.Error:
        return None
    there: set[str] = set()
    with (
        contextlib.suppress(psycopg2.errors.UndefinedTable),
        contextlib.closing(connection),
        connection.cursor() as cursor,
    ):
        there = _versions(cursor)
    if there == heads():
        return None
    return (
        f"The database has {'the version ' + ', '.join(sorted(there)) if there else 'no tables'}, and this code "
        f"{', '.join(sorted(heads()))}: pages fail until the release has run ({troubles.RELEASE})."
    )


def is_current(url: str) -> bool:
    """Say whether the database has this code's schema, its role time-outs, and people are in it."""
    try:
        connection = psycopg2.connect(url.replace("+psycopg2", "", 1), connect_timeout=5)
    except psycopg2.Error:
        return False
    try:
        with connection.cursor() as cursor:
            if _versions(cursor) != heads():
                return False
            if time_outs.missing(cursor):
                return False
            cursor.execute("SELECT EXISTS (SELECT 1 FROM users)")
            return bool(cursor.fetchone()[0])
    except psycopg2.Error:
        return False
    finally:
        connection.close()


def _versions(cursor: psycopg2.extensions.cursor) -> set[str]:
    cursor.execute("SELECT version_num FROM alembic_version")
    return {row[0] for row in cursor.fetchall()}
