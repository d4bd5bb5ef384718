"""The Procfile's `release`: bring the database to this code's schema, and the demo into an empty one."""

import psycopg2
from flask_migrate import upgrade
from sqlalchemy.exc import DBAPIError

from app import create_app
from cli.checks import Refusal, run_main
from cli.demo import load_demo
from config import Settings, settings_or_exit
from database import migrations, statistics, time_outs, troubles
from lines import relay


def main() -> int:
    """Release into the database of the settings."""
    settings = settings_or_exit()
    try:
        release(settings)
    except (psycopg2.Error, DBAPIError) as error:
        if line := troubles.line_of(error):
            raise Refusal(line) from None
        raise
    return 0


def release(settings: Settings) -> None:
    """Give the role its time-outs, and migrate; then load the demo into an empty site."""
    statistics.make(settings.database_url)
    if refused := time_outs.write(settings.database_url):
        relay("release", f"the database role may not set its own time-outs; have an administrator say: {refused}")
    app = create_app(settings, "release")
    migrations.init_app(app)
    with app.app_context():
        upgrade()
        if settings.is_demo and load_demo():
            relay("release", "loaded the demo course and accounts")


if __name__ == "__main__":
    run_main(main, is_log=True)
