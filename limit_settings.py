"""Every limit of Yurt in one table: its variable, its default, what it is counted by, and what it holds back.

`config.Settings` inherits the fields, `blueprints/limits.py` counts the rates, and a test holds `docs/operations.md` to
them. Nothing else may write a limit down.
"""

from typing import Annotated, Any

from limits import RateLimitItem, parse_many
from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings

OFF = "off"


def rates_of(value: str) -> list[RateLimitItem]:
    """Read `10 per minute; 50 per hour`; nothing where it is off."""
    return [] if value == OFF else parse_many(value)


def _is_rate(value: str) -> str:
    value = value.strip().lower()
    try:
        rates = rates_of(value)
    except ValueError as error:
        raise ValueError("must be like `10 per minute` or `10 per minute; 50 per hour`, or `off`") from error
    if any(rate.amount < 1 or rate.multiples < 1 for rate in rates):
        raise ValueError("must be at least 1 per minute, or `off`")
    return value


Rate = Annotated[str, AfterValidator(_is_rate)]


def limit(default: Any, by: str, what: str, **bounds: Any) -> Any:
    """Define a limit: `by` says who has a count of their own, `what` is counted."""
    return Field(default=default, description=what, json_schema_extra={"by": by}, **bounds)


class LimitSettings(BaseSettings):
    """How much of everything. A class behind one address is one address: what counts by address leaves room for it."""

    limit_sign_in: Rate = limit(
        "10 per minute; 50 per hour",
        "account and address",
        "refused passwords: signing in, confirming who one is, changing the password",
    )
    limit_sign_in_address: Rate = limit("300 per minute", "address", "refused passwords, of whatever account")
    limit_second_factor: Rate = limit(
        "10 per minute; 50 per hour", "account", "codes of second factors and recovery codes tried, from wherever"
    )
    limit_passkeys: Rate = limit("600 per minute", "address", "passkeys asked for and shown")
    limit_sign_on: Rate = limit("600 per minute", "address", "ways to a provider of sign-on, and back")
    limit_mail: Rate = limit(
        "5 per hour", "mailbox", "mails that a form sends: a new password, registering, confirming"
    )
    limit_mail_address: Rate = limit("300 per hour", "address", "forms sent that ask for a mail")
    limit_register: Rate = limit("300 per hour", "address", "registrations sent")
    limit_api: Rate = limit("600 per minute", "token", "requests to the JSON API, also refused ones")
    limit_api_address: Rate = limit("600 per minute", "address", "requests to the JSON API without a token that works")
    limit_tokens: int = limit(20, "person", "API tokens that work", ge=1, le=10_000)
    limit_enrol_codes: Rate = limit("20 per minute", "person", "enrolment codes tried")
    limit_quiz_starts: Rate = limit("5 per minute", "person", "quiz attempts started")
    limit_quiz_passwords: Rate = limit("10 per minute; 60 per hour", "person", "passwords of quizzes tried")
    limit_answer_files: Rate = limit("60 per minute", "person", "files handed in")
    limit_course_imports: Rate = limit("20 per hour", "person", "courses sent as archives")
    limit_launches: Rate = limit("1200 per minute", "address", "launches begun on learning platforms")
    limit_accounts_made: Rate = limit("300 per hour", "person", "accounts made and links sent by an admin")
    limit_rosters: Rate = limit("60 per hour", "person", "lists of a class sent")
    limit_code_runs: Rate = limit("10 per minute", "person", "programs run in an attempt, before it is handed in")
    limit_question_files: Rate = limit("20 per minute", "person", "files of questions read or written")
    limit_generations: Rate = limit("5 per minute", "person", "requests to a model for questions")
    limit_model_calls: int = limit(4, "site", "calls to the model at once", ge=1, le=100)
    limit_model_tokens_user: int = limit(
        500_000, "person and day", "tokens of the model, counted by UTC's days", ge=0, le=10**12
    )
    limit_model_tokens_course: int = limit(2_000_000, "course and day", "tokens of the model", ge=0, le=10**12)
    limit_model_tokens_total: int = limit(5_000_000, "site and day", "tokens of the model", ge=0, le=10**12)
    limit_model_cents_user: int = limit(100, "person and day", "hundredths of the currency for it", ge=0, le=10**9)
    limit_model_cents_course: int = limit(300, "course and day", "hundredths of the currency for it", ge=0, le=10**9)
    limit_model_cents_total: int = limit(1_000, "site and day", "hundredths of the currency for it", ge=0, le=10**9)
    limit_lab_starts: Rate = limit("20 per minute", "person", "labs started, reset or restored")
    limit_checks: Rate = limit("60 per minute", "person", "clicks that run checks")
    limit_tickets: Rate = limit("600 per minute", "person", "terminals, live pages, files and web servers opened")
    limit_hands: Rate = limit("10 per minute", "person", "hands raised, and notes of raised hands")
    limit_messages: Rate = limit("10 per minute", "person and lab", "messages in a lab")
    limit_keyboard: Rate = limit("6 per minute", "person", "visitors' requests for a student's keyboard")
    limit_kept_forms: Rate = limit("120 per minute", "address", "forms kept whose session went away")
    limit_streams: int = limit(20, "person and gateway", "live pages open at once", ge=1, le=1000)
    limit_streams_total: int = limit(20_000, "gateway", "live pages open at once", ge=1, le=100_000)
    limit_terminals: int = limit(10, "person and gateway", "terminals open at once", ge=1, le=1000)
    limit_terminals_total: int = limit(10_000, "gateway", "terminals open at once", ge=1, le=100_000)
    limit_transfers: int = limit(4, "person and gateway", "uploads and downloads of files at once", ge=1, le=64)
    limit_transfers_total: int = limit(
        64, "gateway", "uploads and downloads of files at once, a thread each", ge=1, le=512
    )
    limit_port_connections: int = limit(
        48, "person and gateway", "connections to web servers in labs at once", ge=1, le=1000
    )
    limit_port_connections_total: int = limit(
        1_000, "gateway", "connections to web servers in labs at once", ge=1, le=20_000
    )
    lab_limit_total: int = limit(50, "site", "labs running at once; more are queued", ge=1, le=10_000)
    lab_limit_user: int = limit(2, "person", "labs at once", ge=1, le=100)
    lab_limit_course_percent: int = limit(
        100, "course", "per cent of the machines that it may hold while others wait", ge=1, le=100
    )
