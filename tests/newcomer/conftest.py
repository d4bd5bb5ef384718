"""The checkout that all trials share: one after the other, each puts back what it changed."""

from collections.abc import Iterator

import pytest

from tests.newcomer.trials import Checkout


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A copy of the checkout."""
    made = Checkout(tmp_path_factory.mktemp("checkout"))
    yield made
    made.end()
