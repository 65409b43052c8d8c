"""Runs the function of a Python model on small tables, one input column perturbed."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from io import BytesIO
from types import ModuleType, SimpleNamespace
from typing import Any
from zipfile import ZipFile

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import skops.io._persist
from precision_marketing.common.frames import to_pandas
from support.builds import PROJECT_FOLDER

# indented, what skops says of a fit takes a fifth of a run, and nobody reads it
skops.io._persist.json = SimpleNamespace(dumps=lambda state, indent: json.dumps(state))

# What a column of an input is called: its table, and its own name.
Column = tuple[str, str]


@dataclass
class FakeConfig:
    """What `dbt.config` is to a model: it gives what stands under `meta`."""

    meta: dict

    def meta_get(self, name: str) -> Any:
        """Return one setting."""
        return self.meta[name]


@dataclass
class FakeDbt:
    """What `dbt` is to a model: its inputs, by name, and its settings."""

    connection: duckdb.DuckDBPyConnection
    config: FakeConfig
    this: str
    other_names: dict[str, str] = field(default_factory=dict)

    def ref(self, name: str) -> duckdb.DuckDBPyRelation:
        """Return an input."""
        return self.connection.table(self.other_names.get(name, name))


def load_model(node: dict) -> ModuleType:
    """Import the file of a Python model."""
    path = PROJECT_FOLDER / node["original_file_path"]
    spec = importlib.util.spec_from_file_location(node["name"], path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_model(
    node: dict, connection: duckdb.DuckDBPyConnection, settings: dict, perturbed: dict[str, pa.Table] | None = None
) -> pd.DataFrame:
    """Run a model's function on the tables of a database, some of them replaced.

    Parameters
    ----------
    node : dict
        The model, from the manifest.
    connection : duckdb.DuckDBPyConnection
        Holds a table, in schema main, for each input; for a model that reads its own
        last rows, one of its own name.
    settings : dict
        What replaces the model's settings.
    perturbed : dict of str to pyarrow.Table
        Tables to read in place of others.
    """
    names = {}
    for name, data in (perturbed or {}).items():  # noqa: B007
        names[name] = f"perturbed_{name}"
        connection.execute(f"create or replace table {names[name]} as from data")
    meta = {**node["config"]["meta"]}
    if "settings" in meta:
        meta["settings"] = {**meta["settings"], **settings}
    meta |= {name: value for name, value in settings.items() if name in meta}
    this = names.get(node["name"], node["name"])
    dbt = FakeDbt(connection, FakeConfig(meta), f"main.{this}", names)
    try:
        found = load_model(node).model(dbt, connection)
        return found if isinstance(found, pd.DataFrame) else to_pandas(duckdb.from_arrow(found))
    except duckdb.InvalidInputException as error:
        # how the engine hands on what a stream raises
        raise ValueError(str(error)) from error
    finally:
        for name in names.values():
            connection.execute(f"drop table {name}")


def permuted(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Give each row another row's value."""
    order = np.random.default_rng(5).permutation(len(column))
    return column.take(pa.array(order))


def shifted(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Move each value within its type, on every third row twice as far."""
    kind = column.type
    far = pa.array(1 + (np.arange(len(column)) % 3 == 0))
    if pa.types.is_boolean(kind):
        return pc.invert(column)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return pc.binary_join_element_wise(column, "~", "")
    if pa.types.is_temporal(kind):
        days = pc.multiply(pc.cast(far, pa.int64()), 86_400_000_000)
        moved = pc.add(pc.cast(column, pa.timestamp("us")), pc.cast(days, pa.duration("us")))
        return pc.cast(moved, kind)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return pc.binary_slice(column, 0, -1)
    if pa.types.is_integer(kind):
        return pc.cast(pc.add(column, pc.cast(far, kind)), kind)
    numbers = pc.cast(column, pa.float64())
    moved = pc.add(pc.multiply(numbers, 0.75), pc.multiply(0.1, pc.cast(far, pa.float64())))
    return pc.cast(moved, kind, safe=False)


def merged(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Give every row the first value that there is."""
    known = column.drop_null()
    if not len(known):
        return column
    return pa.chunked_array([pa.repeat(known[0], len(column))])


def stirred(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Give each row another row's value, and a boolean the opposite: of few rows as many could be true as before."""
    moved = permuted(column)
    return pc.invert(moved) if pa.types.is_boolean(column.type) else moved


VARIANTS: tuple[Callable, ...] = (permuted, shifted, merged)


def perturb(connection: duckdb.DuckDBPyConnection, columns: Iterable[Column], variant: Callable) -> dict[str, pa.Table]:
    """Return the tables of some columns, these perturbed; a table that stays as it was is left out."""
    tables: dict[str, pa.Table] = {}
    changed = set()
    for name, column in columns:
        if name not in tables:
            tables[name] = connection.table(name).to_arrow_table()
        table = tables[name]
        place = table.schema.get_field_index(column)
        perturbed = variant(table[column])
        if not perturbed.equals(table[column]):
            changed.add(name)
        tables[name] = table.set_column(place, table.schema.field(place), perturbed)
    return {name: table for name, table in tables.items() if name in changed}


@dataclass(frozen=True)
class Rows:
    """The rows of a frame as a multiset: their order does not count.

    Parameters
    ----------
    codes : dict of str to numpy.ndarray of uint64
        Per column, a code of each value; numbers to eight digits, as sums may run in
        another order.
    """

    codes: dict[str, np.ndarray]

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Rows:
        """Code the values of a frame."""
        return cls({name: _codes(frame[name], name) for name in frame.columns})

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(next(iter(self.codes.values())))

    def differ(self, other: Rows, columns: Iterable[str]) -> bool:
        """Whether two frames hold other rows, looking at some columns alone."""
        return not np.array_equal(self._rows(columns), other._rows(columns))

    def _rows(self, columns: Iterable[str]) -> np.ndarray:
        nothing = np.zeros(len(self), np.uint64)
        return np.sort(sum((self.codes[name] for name in columns), nothing))


def _codes(values: pd.Series, name: str) -> np.ndarray:
    if pd.api.types.is_float_dtype(values):
        texts = np.char.mod("%.7e", values.to_numpy(float, na_value=np.nan))
    elif name.endswith("_bytes"):
        texts = [_archived(each) if hasattr(each, "decode") else "" for each in values]
    else:
        texts = values.astype(str).to_numpy()
    # with the name, or equal values of two columns might stand in for each other
    return pd.util.hash_array(np.array([f"{name} {each}" for each in texts], dtype=object), categorize=False)


def _archived(blob: bytes) -> str:
    """Return what a skops archive holds, but for addresses in memory and the time."""
    with ZipFile(BytesIO(blob)) as archive:
        schema = archive.read("schema.json").decode()
        sums = sorted(part.CRC for part in archive.infolist())
        sums.remove(archive.getinfo("schema.json").CRC)
    return re.sub(r'"(__id__|file)": [^,}]+', "", schema) + str(sums)
