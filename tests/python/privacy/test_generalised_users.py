"""Nobody of the generalised users stands out, whatever the shop's users are like."""

from __future__ import annotations

import duckdb
import jinja2
import numpy as np
import pytest
from support.builds import PROJECT_FOLDER

LEAST = 10
ATTRIBUTES = ("age_band", "income_band", "gender", "city", "region", "household_size")


def model(name: str, **tables: str) -> str:
    """Return a model's SQL, on tables of these names."""
    environment = jinja2.Environment(
        autoescape=False,
        extensions=["jinja2.ext.do"],
        loader=jinja2.FileSystemLoader(PROJECT_FOLDER / "macros" / "privacy"),
    )
    environment.globals |= {"var": {"minimum_cell_users": LEAST}.__getitem__, "ref": lambda table: tables[table]}
    text = (PROJECT_FOLDER / "models" / "customers" / f"{name}.sql").read_text()
    imported = "{% from 'small_cells.sql' import unless_few with context %}"
    return environment.from_string(imported + text).render()


def made_users(connection: duckdb.DuckDBPyConnection, seed: int, count: int) -> None:
    """Make users of few or many kinds, with gaps."""
    random = np.random.default_rng(seed)
    kinds = int(random.choice([1, 2, 5, 40]))
    gaps = float(random.choice([0, 0.2, 1]))
    connection.execute(
        "create table users (user_id text, age_band text, income_band text, gender text, city text, region text,"
        " household_size int)"
    )
    rows = [
        (f"u{number}", *(None if random.random() < gaps else str(random.integers(kinds)) for _ in ATTRIBUTES))
        for number in range(count)
    ]
    connection.executemany(f"insert into users values ({', '.join('?' * 7)})", rows or [("u", *[None] * 6)])


@pytest.mark.parametrize("seed", range(40))
def test_as_many_users_as_a_cell_needs_are_alike(seed: int) -> None:
    count = int(np.random.default_rng(seed + 1000).choice([1, 9, 10, 11, 37, 300]))
    with duckdb.connect() as connection:
        made_users(connection, seed, count)
        connection.execute(f"create table generalised as {model('generalised_users', users='users')}")
        columns = ", ".join(ATTRIBUTES)
        classes = connection.sql(
            f"select count(*), min(class_user_count), max(class_user_count) from generalised group by {columns}"
        ).fetchall()
        assert all(size >= LEAST and size == low == high for size, low, high in classes)
        # nobody is missing, and what is told is true
        assert sum(size for size, *_ in classes) == (count if count >= LEAST else 0)
        for name in ATTRIBUTES:
            wrong = f"users.{name} is distinct from generalised.{name} and generalised.{name} is not null"
            assert connection.sql(f"from users join generalised using (user_id) where {wrong}").fetchall() == []
        found = connection.sql(model("user_uniqueness", users="users", generalised_users="generalised")).df()
    assert found[found["table_name"] != "core.users"]["small_class_user_count"].fillna(0).eq(0).all()
    assert not found["singled_out_count"].between(1, LEAST - 1).any()


def test_a_few_whom_nobody_is_like_take_the_smallest_class_along() -> None:
    with duckdb.connect() as connection:
        made_users(connection, 0, 0)
        connection.execute(
            "create or replace table users as select 'u' || i as user_id, '25-34' as age_band, '50-74K' as income_band,"
            " 'f' as gender, case when i < 3 then 'Lille' else 'Lyon' end as city, 'r' as region, 2 as household_size"
            " from range(20) t(i)"
        )
        query = model("generalised_users", users="users")
        found = connection.sql(f"select city, income_band, count(*) from ({query}) group by all order by 1").fetchall()
    # at no step are three enough, and the 17 of Lyon are the smallest class
    assert found == [(None, None, 20)]
