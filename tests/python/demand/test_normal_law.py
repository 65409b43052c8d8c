"""Intervals in SQL follow the levels of the settings."""

from __future__ import annotations

import duckdb
import jinja2
import pytest
from scipy import stats
from support.builds import PROJECT_FOLDER

TEXT = (PROJECT_FOLDER / "macros" / "demand" / "normal_law.sql").read_text()


def macros(level: float) -> jinja2.environment.TemplateModule:
    """Return the macros, as SQL, with this level of the intervals."""
    environment = jinja2.Environment(autoescape=False)
    environment.globals["var"] = {"experiment_level": level}.__getitem__
    return environment.from_string(TEXT).module


@pytest.mark.parametrize("level", [0.001, 0.5, 0.8, 0.9, 0.95, 0.99, 0.9999, 0.9999999])
def test_so_much_of_a_normal_law_lies_within_its_reach(level: float) -> None:
    assert float(macros(level).normal_reach(level)) == pytest.approx(stats.norm.isf((1 - level) / 2), abs=1e-6)


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
@pytest.mark.parametrize(("successes", "count"), [(0, 10), (1, 10), (7, 23), (10, 10), (300, 4000)])
def test_the_interval_of_a_rate_is_wilsons(level: float, successes: int, count: int) -> None:
    ends = [macros(level).wilson_end(end, "rate", "users") for end in ("low", "high")]
    found = duckdb.sql(f"select {', '.join(ends)} from (select {successes} / {count} as rate, {count} as users)")
    known = stats.binomtest(successes, count).proportion_ci(level, method="wilson")
    assert found.fetchall()[0] == pytest.approx((known.low, known.high), abs=1e-6)
