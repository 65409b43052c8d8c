"""Keeps which columns a query has, from one run of dbt to the next: a tenth of a build of small tables."""

from __future__ import annotations

import json
import os

from dbt.adapters.duckdb import DuckDBAdapter
from dbt.adapters.duckdb.column import DuckDBColumn
from support.cache import BUILT, CACHE_FOLDER, content_hash, short_hash

ask = DuckDBAdapter.get_column_schema_from_query
# of staging, what stands in the files decides
OF_FILES = ('"staging"', "read_")


def kept_columns(adapter: DuckDBAdapter, sql: str) -> list[DuckDBColumn]:
    """Return the columns of a query that reads tables whose columns the project promises."""
    if any(each in sql for each in OF_FILES):
        return ask(adapter, sql)
    file = CACHE_FOLDER / "columns" / short_hash(content_hash(BUILT)) / short_hash(sql)
    if file.exists():
        return [DuckDBColumn(name, kind) for name, kind in json.loads(file.read_text())]
    columns = ask(adapter, sql)
    # whoever else writes it at the moment, or is killed, is in nobody's way
    making = file.with_suffix(f".{os.getpid()}")
    file.parent.mkdir(parents=True, exist_ok=True)
    making.write_text(json.dumps([(each.column, each.dtype) for each in columns]))
    making.rename(file)
    return columns


DuckDBAdapter.get_column_schema_from_query = kept_columns
