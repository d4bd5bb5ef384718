"""The migrations make exactly the tables that the models describe, and can be undone."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask_migrate import downgrade, upgrade
from sqlalchemy import text

from app import create_app
from config import ROOT
from database import migrations
from extensions import db


def test_migrations_make_the_tables_of_the_models(committed_db):
    with committed_db.app.app_context(), db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})

        assert compare_metadata(context, db.metadata) == []


def test_migrations_make_the_checks_of_the_models(committed_db):
    with committed_db.app.app_context(), db.engine.connect() as connection:
        migrated = checks_in(connection, "public")
        connection.execute(text("CREATE SCHEMA of_models"))
        connection.execute(text("SET LOCAL search_path TO of_models, public"))
        db.metadata.create_all(connection, checkfirst=False)

        assert len(migrated) > 10
        assert checks_in(connection, "of_models") == migrated, "a CHECK of a model needs a migration"


def checks_in(connection, schema):
    """Return the CHECK constraints of a schema's tables as PostgreSQL has them: (table, name, definition)."""
    query = """
        SELECT relname, conname, pg_get_constraintdef(pg_constraint.oid) FROM pg_constraint
        JOIN pg_class ON pg_class.oid = conrelid WHERE contype = 'c' AND connamespace = to_regnamespace(:schema)
    """
    return sorted(connection.execute(text(query), {"schema": schema}).tuples())


def test_the_newest_migrations_can_be_undone_and_done_again(committed_db):
    with committed_db.app.app_context():
        downgrade(revision="0002")
        upgrade()
        with db.engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), db.metadata) == []


def test_migrations_are_found_in_a_folder_with_a_percent_sign(committed_db, tmp_path, monkeypatch):
    folder = tmp_path / "100% done"
    folder.mkdir()
    (folder / "migrations").symlink_to(ROOT / "migrations")
    monkeypatch.setattr(migrations, "ROOT", folder)

    app = create_app(committed_db.settings)
    migrations.init_app(app)

    with app.app_context():
        downgrade(revision="0013")
        upgrade()
        with db.engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), db.metadata) == []
        db.engine.dispose()
