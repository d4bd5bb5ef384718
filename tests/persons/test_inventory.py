"""Every table that refers to people, or to a row of theirs, is known to the archive of their data, or has a reason."""

import re

import pytest

from extensions import Base
from services.persons import inventory
from services.persons.inventory import AS_STAFF, OF_COURSES, TABLES

# What names a person without a key: rows that outlive what they tell of.
NAMES = re.compile(r"(user|person|actor)_id")
REFERENCES = {
    (table.name, column.name): {key.column.table.name for key in column.foreign_keys}
    for table in Base.metadata.sorted_tables
    for column in table.columns
    if column.foreign_keys
} | {
    (table.name, column.name): {"users"}
    for table in Base.metadata.sorted_tables
    for column in table.columns
    if NAMES.fullmatch(column.name) and not column.foreign_keys
}


@pytest.mark.parametrize("place", [place for place, targets in REFERENCES.items() if "users" in targets])
def test_a_column_that_names_a_person_says_whose_the_row_is_or_is_the_staffs(place: tuple[str, str]) -> None:
    table, column = place

    is_known = table in TABLES and column in TABLES[table].by
    assert is_known or place in AS_STAFF, "services/persons/inventory.py: is it exported, and what does erasure do?"
    assert not (is_known and place in AS_STAFF)


def test_a_row_that_hangs_on_a_persons_row_is_known_too() -> None:
    hanging = {table for (table, _column), targets in REFERENCES.items() if targets & (set(TABLES) - {"users"})}

    assert hanging - set(TABLES) == OF_COURSES


def test_what_stands_in_the_inventory_is_there() -> None:
    for name, own in TABLES.items():
        columns = set(inventory.table(name).c.keys())
        named = {*own.by, *own.hides, *(column for column, _table in own.through), *filter(None, [own.address])}
        assert named <= columns, name
        assert {table for _column, table in own.through} <= set(TABLES)
    assert set(REFERENCES) >= AS_STAFF


def test_no_secret_is_exported() -> None:
    secrets = {
        ("users", "password"),
        ("users", "fs_uniquifier"),
        ("api_tokens", "digest"),
        ("authenticators", "secret"),
        ("recovery_codes", "digest"),
        ("passkeys", "public_key"),
    }

    assert all(column in TABLES[table].hides for table, column in secrets)
