"""How the schema is migrated: for the release step and for `flask db`.

wsgi.py and the release import this module; the workers, the scheduler and the gateway don't, as reading Alembic is a
tenth of a process's start.
"""

from alembic.config import Config as AlembicConfig
from flask import Flask
from flask_migrate import Migrate

from config import ROOT
from extensions import db

migrate = Migrate()


@migrate.configure
def name_new_migrations(config: AlembicConfig) -> AlembicConfig:
    """Set here what an alembic.ini would hold."""
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    return config


def init_app(app: Flask) -> None:
    """Let `flask_migrate` work on the app's database."""
    # Alembic reads a percent sign in the folder's name as a reference to another of its options.
    migrate.init_app(app, db, directory=str(ROOT / "migrations").replace("%", "%%"))
