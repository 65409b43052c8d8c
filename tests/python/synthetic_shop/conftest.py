"""A synthetic shop for the tests of this folder."""

from __future__ import annotations

import duckdb
import pytest
from support.shops import made_shop


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """Large enough that what is true on average shows."""
    folder = tmp_path_factory.mktemp("shop") / "here"
    return made_shop(folder, users=6000, days=400, seed=7)
