"""Keep reasons as codes with parameters instead of English sentences (docs/adr/0035).

This is the one place that reads sentences: those that were written before. What it doesn't know stays as text, with the
code `said`. Its table is of this release, whatever becomes of the codes later.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0017"
down_revision = "0016"

COLUMNS = (
    ("lab_sessions", "waiting_for", "said"),
    ("lab_sessions", "detail", "said"),
    ("lab_sessions", "save_error", "said"),
    ("warm_labs", "detail", "call_failed"),
    ("cluster_states", "detail", "call_failed"),
)
# What of a timeline's lines is a reason.
EVENTS = (("waiting", "reason"), ("failed", "reason"), ("save_failed", "reason"), ("lost", "detail"), ("moved", "why"))
# What is said as a sentence, with a capital and a full stop.
SENTENCES = {"detail", "save_error", "failed", "save_failed", "lost"}
WORDS = {
    "cluster_down": "the cluster doesn't answer",
    "nodes_full": "%(resource)s: %(count)s of %(total)s nodes full",
    "nodes_lack_driver": "%(count)s of %(total)s nodes lack the driver",
    "nodes_lack_pool": "%(count)s of %(total)s nodes lack the node pool",
    "nodes_lack_datacenter": "%(count)s of %(total)s nodes lack the datacenter",
    "nodes_lack": "%(count)s of %(total)s nodes lack what it asks for (%(said)s)",
    "quota_used_up": "the quota is used up: %(quotas)s",
    "no_node_in_pool": "no node is ready for labs in the node pool %(pool)s",
    "no_node": "no node is ready for labs",
    "no_node_takes_it": "none of %(total)s nodes can take it",
    "too_large_now": "the lab needs a larger machine than there is",
    "lab_too_large": "this lab needs a larger machine than there is",
    "kind_runs_nowhere": "no machine that there is can run labs of this kind",
    "labs_off": "labs are not set up here",
    "gave_up": "The machine couldn't be started after several tries. Try again later, or tell your teacher.",
    "machine_not_started": "The machine couldn't start: %(why)s",
    "job_refused": "The cluster doesn't take the lab: %(said)s",
    "job_name_taken": "The name %(job)s is taken on the cluster by somebody else's job.",
    "job_name_invalid": "“%(job)s” can't be a job's name.",
    "template_missing": "There is no nomad-jobs/%(file)s on this site.",
    "template_not_text": "%(file)s isn't text in UTF-8: %(said)s",
    "template_refused": "The cluster can't read %(file)s: %(said)s",
    "kind_needs_cluster": "Labs of the kind “%(template)s” need Nomad; this site runs labs on one machine.",
    "network_needs_program": "This lab asks for a network, and labs on this machine have none: it needs the program slirp4netns, which gives them one of their own (apt-get install slirp4netns).",
    "setup_failed": "The lab's setup failed %(status)s. %(said)s",
    "sandbox_ended": "The sandbox can't start on this machine: it ended at once",
    "sandbox_failed": "The sandbox can't start on this machine: %(said)s",
    "machine_away": "the machine %(node)s went away",
    "machine_drained": "the machine %(node)s was taken out of service",
    "node_leaving": "%(node)s is being taken out of service",
    "life_over": "its longest life is over",
    "executor_ended": "%(task)s: its executor, the node's own program for it, was ended",
    "ended_silently": "the machine ended without a reason",
    "machine_gone": "The machine is gone, and with it what was done since the last save.",
    "machine_unreached": "The machine couldn't be reached.",
    "home_not_packed": "The machine couldn't pack the home.",
    "home_not_stored": "It couldn't be stored.",
    "packing_too_slow": "Packing the home took longer than %(limit_s)s seconds.",
    "home_too_large": "The home is larger than %(limit_mb)s MB, packed.",
    "home_holds_too_much": "The home holds more than %(limit_mb)s MB, unpacked.",
    "home_has_too_many": "The home has more than %(limit)s files.",
    "archive_broke_off": "The archive of the home broke off.",
    "archive_damaged": "The archive of the home is damaged.",
    "links_outside": "“%(name)s” is a link to what isn't in the home: the home can't be saved like this.",
    "no_file": "“%(name)s” is no file: the home can't be saved like this.",
    "home_no_folder": "“%(name)s” is the home, and no folder: the home can't be saved like this.",
    "comes_twice": "“%(name)s” comes twice: the home can't be saved like this.",
    "lies_outside": "“%(name)s” isn't in the home: the home can't be saved like this.",
    "below_no_folder": "“%(name)s” lies below what is no folder: the home can't be saved like this.",
    "name_too_long": "“%(name)s” has too long a name: the home can't be saved like this.",
}
# Codes that no sentence from before stands for by itself.
MORE_WORDS = {
    "network_needs_device": "This lab asks for a network, and labs on this machine have none: slirp4netns, which gives them one of their own, needs the device %(device)s, and whoever runs Yurt can't open it: %(said)s. Most systems let everybody (chmod 0666 %(device)s).",
    "task_ended": "%(task)s: %(said)s",
    "check_too_slow": "It took longer than %(limit_s)s seconds and was stopped.",
    "check_printed_more": "[It printed more; only the first %(limit_kb)s kB are shown.]",
}
NUMBERS = {"count", "total", "limit", "limit_s", "limit_mb", "limit_kb"}
RESOURCES = {
    "memory": "memory",
    "CPU": "cpu",
    "CPU cores": "cores",
    "disk": "disk",
    "devices": "devices",
    "ports": "ports",
}
SHOWN_RESOURCES = {name: shown for shown, name in RESOURCES.items()}
LONGEST = 500
# How the last lines of a check's output began.
SLOW = re.compile(r"(?:\A|\n)It took longer than ([0-9]+) seconds? and was stopped\.\Z")
PRINTED_MORE = re.compile(r"(?:\A|\n)\[It printed more; only the first ([0-9]+) kB are shown\.\]\Z")


def _pattern(words: str) -> re.Pattern[str]:
    """Match a sentence, or the clause that became one."""
    parts = re.split(r"%\((\w+)\)s", words)
    made = "".join(
        (rf"(?P<{part}>[0-9]+)" if part in NUMBERS else rf"(?P<{part}>.+?)") if number % 2 else re.escape(part)
        for number, part in enumerate(parts)
    )
    if words[0].isalpha():
        made = f"(?i:{re.escape(words[0])}){made[len(re.escape(words[0])) :]}"
    return re.compile(made if words.endswith(".") else rf"{made}\.?", re.DOTALL)


PATTERNS = {code: _pattern(words) for code, words in WORDS.items()}


def reason_of(said: str, otherwise: str = "said") -> dict[str, Any]:
    """Return a sentence, or several between semicolons, as the reason that is stored."""
    known = _known(said)
    if known is not None:
        return known
    parts = said.split("; ")
    found = [_known(part) for part in parts]
    if len(parts) > 1 and any(found):
        reasons = [reason or _said(part) for reason, part in zip(found, parts, strict=True)]
        return {"code": "several", "params": {"reasons": reasons}}
    return _said(said, otherwise)


def _known(said: str) -> dict[str, Any] | None:
    for code, pattern in PATTERNS.items():
        match = pattern.fullmatch(said)
        if match is not None and (code != "nodes_full" or match["resource"] in RESOURCES):
            return {"code": code, "params": {name: _value(name, value) for name, value in match.groupdict().items()}}
    return None


def _value(name: str, value: str) -> Any:
    if name == "why":
        return reason_of(value)
    if name == "resource":
        return RESOURCES[value]
    return int(value) if name in NUMBERS else value[:LONGEST]


def _said(said: str, code: str = "said") -> dict[str, Any]:
    return {"code": code, "params": {"said": said[:LONGEST]}}


def sentence_of(reason: dict[str, Any] | None, *, is_whole: bool) -> str:
    """Return a reason as the sentence (`is_whole`), or the clause, that was stored before."""
    said = _text(reason) if reason else ""
    if not is_whole or not said:
        return said
    return f"{said[:1].upper()}{said[1:]}{'' if said.endswith(('.', '!', '?', '…', ':')) else '.'}"


def _text(reason: dict[str, Any]) -> str:
    code, params = reason["code"], reason.get("params") or {}
    if code == "several":
        return "; ".join(_text(part) for part in params["reasons"])
    words = WORDS.get(code) or MORE_WORDS.get(code)
    if words is None:
        return str(params.get("said") or code.replace("_", " "))
    if params.get("limit_s") == 1:
        words = words.replace("seconds", "second")
    shown = {name: _text(value) if isinstance(value, dict) else value for name, value in params.items()}
    shown |= {"resource": SHOWN_RESOURCES.get(shown["resource"], shown["resource"])} if "resource" in shown else {}
    return (words % shown).strip()


def upgrade() -> None:
    for table, column, otherwise in COLUMNS:
        op.add_column(table, sa.Column("new", JSONB()))
        _map(
            f"SELECT DISTINCT {column} FROM {table} WHERE {column} <> ''",
            lambda said, code=otherwise: json.dumps(reason_of(said, code)),
        )
        op.execute(f"UPDATE {table} SET new = map.new::jsonb FROM map WHERE map.old = {column}")
        _replace(table, column)
    for kind, name in EVENTS:
        mine = f"kind = '{kind}' AND jsonb_typeof(detail -> '{name}') = 'string'"
        _map(
            f"SELECT DISTINCT detail ->> '{name}' FROM lab_events WHERE {mine}",
            lambda said: json.dumps(reason_of(said) if said else None),
        )
        op.execute(
            f"UPDATE lab_events SET detail = jsonb_set(detail, '{{{name}}}', map.new::jsonb) FROM map WHERE {mine} AND map.old = detail ->> '{name}'"
        )
    op.execute("UPDATE lab_events SET detail = detail - 'words' WHERE kind IN ('warned', 'verdict')")
    op.drop_column("idle_verdicts", "words")
    op.add_column("check_runs", sa.Column("reason", JSONB()))
    for run_id, output in _rows(
        "SELECT id, output FROM check_runs WHERE output LIKE '%was stopped.' OR output LIKE '%kB are shown.]'"
    ):
        left, reason = cut_short(output)
        _execute(
            "UPDATE check_runs SET output = :output, reason = CAST(:reason AS jsonb) WHERE id = :id",
            id=run_id,
            output=left,
            reason=json.dumps(reason) if reason else None,
        )
    op.add_column("mails", sa.Column("about", sa.Text()))
    op.create_index("ix_mails_about", "mails", ["about", "created_at"], postgresql_where=sa.text("about IS NOT NULL"))
    op.add_column("users", sa.Column("language", sa.Text(), server_default="en", nullable=False))


def downgrade() -> None:
    op.drop_column("users", "language")
    op.drop_index("ix_mails_about", table_name="mails")
    op.drop_column("mails", "about")
    for run_id, output, reason in _rows("SELECT id, output, reason FROM check_runs WHERE reason IS NOT NULL"):
        parts = reason["params"]["reasons"] if reason["code"] == "several" else [reason]
        words = "\n".join(part for part in (output, *map(_text, parts)) if part)
        _execute("UPDATE check_runs SET output = :output WHERE id = :id", id=run_id, output=words)
    op.drop_column("check_runs", "reason")
    op.add_column("idle_verdicts", sa.Column("words", sa.Text(), server_default="", nullable=False))
    for row_id, facts in _rows("SELECT id, facts FROM idle_verdicts"):
        _execute("UPDATE idle_verdicts SET words = :words WHERE id = :id", id=row_id, words=words_of(facts))
    op.alter_column("idle_verdicts", "words", server_default=None)
    for row_id, facts in _rows("SELECT id, detail FROM lab_events WHERE kind IN ('warned', 'verdict')"):
        _execute(
            "UPDATE lab_events SET detail = CAST(:detail AS jsonb) WHERE id = :id",
            id=row_id,
            detail=json.dumps({**facts, "words": words_of(facts)}),
        )
    for kind, name in EVENTS:
        mine = f"kind = '{kind}' AND detail ? '{name}'"
        _map(
            f"SELECT DISTINCT detail ->> '{name}' FROM lab_events WHERE {mine} AND detail ->> '{name}' IS NOT NULL",
            lambda stored, kind=kind: json.dumps(sentence_of(json.loads(stored), is_whole=kind in SENTENCES)),
        )
        op.execute(
            f"UPDATE lab_events SET detail = jsonb_set(detail, '{{{name}}}', map.new::jsonb) FROM map WHERE {mine} AND map.old = detail ->> '{name}'"
        )
        op.execute(
            f"UPDATE lab_events SET detail = jsonb_set(detail, '{{{name}}}', '\"\"') WHERE {mine} AND detail ->> '{name}' IS NULL"
        )
    for table, column, _otherwise in COLUMNS:
        op.add_column(table, sa.Column("new", sa.Text(), server_default="", nullable=False))
        _map(
            f"SELECT DISTINCT {column}::text FROM {table} WHERE {column} IS NOT NULL",
            lambda stored, column=column, table=table: sentence_of(
                json.loads(stored), is_whole=table == "lab_sessions" and column in SENTENCES
            ),
        )
        op.execute(f"UPDATE {table} SET new = map.new FROM map WHERE map.old = {column}::text")
        _replace(table, column)


def cut_short(output: str) -> tuple[str, dict[str, Any] | None]:
    """Return what a check printed, and what was written below it, as a reason."""
    reasons = []
    for pattern, code, name in ((SLOW, "check_too_slow", "limit_s"), (PRINTED_MORE, "check_printed_more", "limit_kb")):
        match = pattern.search(output)
        if match is not None:
            output = output[: match.start()]
            reasons.insert(0, {"code": code, "params": {name: int(match[1])}})
    if len(reasons) > 1:
        return output, {"code": "several", "params": {"reasons": reasons}}
    return output, reasons[0] if reasons else None


def words_of(facts: dict[str, Any]) -> str:
    """Return what spoke for a lab's idleness, as it was stored beside these facts."""
    if not facts.get("is_known", True):
        return "nobody knows what its student does"
    names = (("input_min", "input"), ("http_min", "request"), ("check_min", "check"))
    parts = [f"no {said} {facts[name]} min" for name, said in names if facts.get(name) is not None]
    cpu = facts.get("cpu_percent")
    parts.append("CPU unknown" if cpu is None else f"CPU {cpu:.1f} %")
    return ", ".join([*parts, "page open" if facts.get("page") == "open" else "page closed"])


def _map(query: str, translate: Any) -> None:
    """Make the table `map` of what a query finds, once each, and what becomes of it."""
    op.execute("DROP TABLE IF EXISTS map")
    # Without an index: an entry of one may have 2,704 bytes, and programs say more.
    op.execute("CREATE TEMPORARY TABLE map (old text, new text) ON COMMIT DROP")
    for (old,) in _rows(query):
        _execute("INSERT INTO map VALUES (:old, :new)", old=old, new=translate(old))


def _rows(query: str) -> Iterator[Any]:
    return iter(op.get_bind().execute(sa.text(query)).all())


def _execute(statement: str, **values: Any) -> None:
    op.get_bind().execute(sa.text(statement), values)


def _replace(table: str, column: str) -> None:
    op.drop_column(table, column)
    op.alter_column(table, "new", new_column_name=column)
