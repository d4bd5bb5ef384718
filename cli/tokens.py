"""`flask token`: bearer tokens of the JSON API."""

import click
from flask import current_app
from flask.cli import AppGroup

from extensions import db
from models import utcnow
from services.accounts import profiles, tokens
from services.accounts import scopes as scopes_of_tokens
from services.courses import catalogue
from services.errors import ServiceError

token_group = AppGroup("token", help="Bearer tokens of the JSON API.")


@token_group.command("create")
@click.argument("email")
@click.option("--name", default="command line", show_default=True, help="What the token is for.")
@click.option("--days", default=90, show_default=True, help="How long it works.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(scopes_of_tokens.SCOPES),
    metavar="SCOPE",
    help="read, write, or one area's, as bank:read; may be given again. Default: read and write.",
)
@click.option("--course", "slug", help="The slug of the one course where it works. Default: wherever EMAIL may go.")
def create(email: str, name: str, days: int, scopes: tuple[str, ...], slug: str | None) -> None:
    """Make a token for EMAIL. It alone goes to standard output, and is never shown again."""
    try:
        user = profiles.find_by_email(email)
        row, plain = tokens.issue(
            user.id,
            name=name,
            scopes=scopes or scopes_of_tokens.ACTIONS,
            course_id=_course_id(slug),
            days=days,
            now=utcnow(),
            most=current_app.extensions["yurt"].limit_tokens,
        )
    except ServiceError as error:
        raise click.ClickException(error.message) from error
    db.session.commit()
    click.echo(
        f"Token {row.id} for {user.email}, until {row.expires_at:%Y-%m-%d}, may {', '.join(row.scopes)}.", err=True
    )
    click.echo(plain)


def _course_id(slug: str | None) -> int | None:
    if slug is None:
        return None
    course = catalogue.look_for(slug)
    if course is None:
        raise click.ClickException(f"There is no course {slug}.")
    return course.id


@token_group.command("list")
@click.argument("email")
def list_tokens(email: str) -> None:
    """List the tokens of EMAIL."""
    try:
        rows = tokens.of_user(profiles.find_by_email(email).id)
    except ServiceError as error:
        raise click.ClickException(error.message) from error
    for row in rows:
        state = "revoked" if row.revoked_at else f"until {row.expires_at:%Y-%m-%d}"
        where = row.course.slug if row.course is not None else "everywhere"
        used = f"used {row.last_used_at:%Y-%m-%d %H:%M}" if row.last_used_at else "never used"
        click.echo(f"{row.id:>6}  {state:<18}  {','.join(row.scopes):<10}  {where:<12}  {used:<21}  {row.name}")
    if not rows:
        click.echo("No tokens.")


@token_group.command("revoke")
@click.argument("token_id", type=int)
def revoke(token_id: int) -> None:
    """End a token at once."""
    try:
        tokens.revoke(token_id, user_id=None, now=utcnow())
    except ServiceError as error:
        raise click.ClickException(f"There is no token {token_id}.") from error
    db.session.commit()
    click.echo(f"Token {token_id} no longer works.")
