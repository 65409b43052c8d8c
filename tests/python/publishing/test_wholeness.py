"""What a run of dbt leaves in order: nothing failed, no table older than what it reads."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.build.wholeness import nodes_in_trouble

# Name, kind, parents, whether it is a view, tags.
SHOP = [
    ("orders", "model", [], False, []),
    ("recent", "model", ["orders"], True, []),
    ("features", "model", ["recent"], False, []),
    ("fits", "model", ["features"], False, ["training"]),
    ("scores", "model", ["fits", "features"], False, []),
    ("audience", "model", ["scores"], False, []),
    ("scores_are_unique", "test", ["scores"], False, []),
    ("map", "model", ["scores"], False, []),
    ("sums", "model", ["scores"], False, []),
    ("map_adds_up", "test", ["map", "sums"], False, []),
    ("map_is_of_scores", "test", ["map", "scores"], False, []),
]
# Of the report: nothing reads them.
FIGURES = {"map", "sums"}
GRAPH = {
    name: {"kind": kind, "parents": parents, "is_view": is_view, "tags": tags, "is_figure": name in FIGURES}
    for name, kind, parents, is_view, tags in SHOP
}
TABLES = [name for name, node in GRAPH.items() if node["kind"] == "model"]


def after(statuses: dict[str, str], before: dict[str, str] | None = None) -> dict[str, str]:
    """Return the trouble after a run; every node of `statuses` was part of it."""
    return json.loads(nodes_in_trouble(*map(json.dumps, (GRAPH, statuses, before or {}))))


def passed(*names: str) -> dict[str, str]:
    """Return the statuses of a run in which these nodes passed."""
    return {name: "pass" if GRAPH[name]["kind"] == "test" else "success" for name in names}


def test_a_run_of_all_is_whole() -> None:
    assert after(passed(*GRAPH), {"scores": "stale", "fits": "failed", "scores_are_unique": "failed"}) == {}


def test_what_a_failure_keeps_from_being_built_is_stale() -> None:
    found = after({**passed("orders", "recent"), "features": "error", "scores": "skipped", "audience": "skipped"})
    assert found == {"features": "failed"} | dict.fromkeys(("scores", "audience", "map", "sums"), "stale")


def test_tables_below_a_single_new_one_are_stale_and_views_are_not() -> None:
    assert after(passed("orders")) == dict.fromkeys(("features", "scores", "audience", "map", "sums"), "stale")


def test_fits_may_be_older_than_what_they_were_made_of() -> None:
    assert after(passed(*(name for name in GRAPH if name != "fits"))) == {}


def test_a_table_built_of_stale_ones_is_stale() -> None:
    assert after(passed("audience"), {"features": "stale", "scores": "stale"}) == {
        **{"features": "stale", "scores": "stale"},
        **{"audience": "stale", "map": "stale", "sums": "stale"},
    }


def test_another_command_does_not_hide_what_failed() -> None:
    before = after({**passed("scores"), "scores_are_unique": "fail", "audience": "skipped"})
    assert before == {"scores_are_unique": "failed"} | dict.fromkeys(("audience", "map", "sums"), "stale")
    assert after(passed("orders"), before)["scores_are_unique"] == "failed"
    assert after(passed("scores", "audience", *FIGURES), before) == {"scores_are_unique": "failed"}
    assert after(passed("audience", "scores_are_unique", *FIGURES), before) == {}


def test_a_figure_that_fails_keeps_itself_back_alone() -> None:
    assert after({**passed(*GRAPH), "map": "error", "map_adds_up": "skipped"}) == {"map": "kept back"}
    before = after({**passed(*GRAPH), "map_adds_up": "fail"})
    assert before == {"map_adds_up": "kept back"}
    # until it passes
    assert after(passed("audience"), before) == before
    assert after(passed("map", "map_adds_up"), before) == {}
    # a test of what others read is theirs
    assert after({**passed(*GRAPH), "map_is_of_scores": "fail"}) == {"map_is_of_scores": "failed"}


def test_what_the_project_no_longer_has_is_no_trouble() -> None:
    assert after({}, {"gone": "failed"}) == {}


@given(st.lists(st.dictionaries(st.sampled_from([*GRAPH]), st.sampled_from(["success", "error", "skipped", "fail"]))))
def test_only_a_run_of_what_is_in_trouble_mends_it(runs: list[dict[str, str]]) -> None:
    trouble: dict[str, str] = {}
    for statuses in runs:
        found = after(statuses, trouble)
        mended = {*trouble} - {*found}
        assert all(statuses.get(name) == "success" or GRAPH[name]["is_view"] for name in mended)
        assert {name for name, status in statuses.items() if status in ("error", "fail")} <= {*found}
        trouble = found
    # what is in trouble, and all below it
    mending = {*trouble}
    for name in GRAPH:
        if mending & {*GRAPH[name]["parents"]}:
            mending.add(name)
    assert after(passed(*mending), trouble) == {}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_with_all_below_it_is_a_whole_run(name: str) -> None:
    below = [name]
    for other in GRAPH:
        if {*below} & {*GRAPH[other]["parents"]}:
            below.append(other)
    assert after(passed(*below)) == {}
