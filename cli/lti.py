"""`flask lti`: learning platforms (LTI 1.3), and our own keys."""

import click
from flask import current_app
from flask.cli import AppGroup

from extensions import db
from models import utcnow
from services.errors import InvalidInput, ServiceError
from services.lti import own_keys, platforms
from services.outbound import Outbound

lti_group = AppGroup("lti", help="Learning platforms (LTI 1.3).")


@lti_group.command("list")
def list_platforms() -> None:
    """List the platforms."""
    for each in platforms.every():
        state = "active" if each.is_active else "off"
        click.echo(f"{each.id:>6}  {state:<6}  {each.issuer}  {each.client_id}  {each.name}")
    if not platforms.every():
        click.echo("No platforms.")


@lti_group.command("tool")
def tool() -> None:
    """Say what a platform has to be told of this site."""
    public_url = current_app.extensions["yurt"].public_url
    for what, path in (("initiate login", "login"), ("redirect", "launch"), ("pick content", "pick"), ("keys", "keys")):
        click.echo(f"{what:<15} {public_url}/lti/{path}")


@lti_group.command("add")
@click.option("--name", required=True, help="What it is called here.")
@click.option("--issuer", required=True)
@click.option("--client-id", required=True)
@click.option("--deployment", "deployments", multiple=True, required=True, help="May be given several times.")
@click.option("--auth-url", required=True, help="Of authentication requests.")
@click.option("--token-url", required=True, help="Of access tokens.")
@click.option("--keys-url", required=True, help="Of the public key set.")
@click.option("--frame-origin", "frame_origins", multiple=True, help="Where else its pages are.")
def add(**values: object) -> None:
    """Register a platform."""
    settings = current_app.extensions["yurt"]
    try:
        platform = platforms.put(None, values, Outbound(may_private=settings.call_private_addresses))
    except InvalidInput as fault:
        raise click.ClickException(f"{fault.field}: {fault.message}") from fault
    db.session.commit()
    click.echo(f"Registered {platform.name} as platform {platform.id}.")


@lti_group.command("remove")
@click.argument("platform_id", type=int)
def remove(platform_id: int) -> None:
    """Forget a platform and its connections."""
    try:
        platform = platforms.load(platform_id)
    except ServiceError as error:
        raise click.ClickException(f"There is no platform {platform_id}.") from error
    platforms.remove(platform)
    db.session.commit()
    click.echo(f"Platform {platform_id} is removed.")


@lti_group.command("rotate-key")
def rotate_key() -> None:
    """Sign with a new key; the one before is shown for seven days more."""
    key = own_keys.rotate(now=utcnow())
    db.session.commit()
    click.echo(f"The new key is {key.kid}.")
