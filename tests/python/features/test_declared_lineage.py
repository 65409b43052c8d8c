"""Python models, run with a column perturbed: does their declared lineage hold?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from functools import cache, partial
from itertools import chain
from multiprocessing import get_context

import duckdb
import pandas as pd
import pytest
from precision_marketing.estimators.tasks import FRAME_COLUMNS, KEY_COLUMNS
from support.builds import BUILT_WAREHOUSE, PROJECT_FOLDER
from support.perturbed_models import (
    VARIANTS,
    Column,
    Rows,
    permuted,
    perturb,
    run_model,
)
from support.small_inputs import (
    BASE_TASKS,
    GRAINS,
    Inputs,
    campaign_inputs,
    cluster_inputs,
    learning_inputs,
    registry_inputs,
    seeds_of_features,
    seeds_of_tasks,
    uplift_inputs,
    value_inputs,
)

from operations.docs_site.lineage.declared import ROWS, THIS, declared_lineage
from operations.docs_site.lineage.relations import read_relations

TARGET = PROJECT_FOLDER / "target"
# What makes the inputs of models that read no panel of any grain.
MADE_BY: dict[Callable[[dict], Inputs], tuple[str, ...]] = {
    Inputs: ("stg_calendar__holidays",),
    value_inputs: (
        "ml_customer_value__estimator",
        "ml_customer_value__holdout",
        "ml_customer_value__intervals",
        "ml_user__value",
    ),
    uplift_inputs: ("ml_uplift_intervals", "ml_user_offer__uplift"),
}
PLANNED = (
    "ml_budget_curve",
    "ml_campaign_checks",
    "ml_campaign_results",
    "ml_offer_choice",
)
# Budgets of the week: what binds beside one of them is loose beside another.
WEEKLY_BUDGETS = (12.0, 15.0, 18.0, 21.0, 24.0)
CLUSTERED = (
    "ml_cluster__fits",
    "ml_cluster__profiles",
    "ml_cluster__stability",
    "ml_user__clusters",
)
# Models that learn of each feature, or judge it: `test_each_feature` is about features.
TRAINED = ("ml_feature_importance", "ml_estimator_registry", "ml_test", "ml_validation")
JUDGED = (*TRAINED, "ml_estimator_intervals")
PANELS = {grain: f"ftr_{grain}__panel" for grain in GRAINS}
TEXTS = ("age_band", "income_band", "segment_name")
SCORED = tuple(
    f"ml_{grain}__{kind}" for grain in GRAINS for kind in ("scores", "reasons")
)
REASONED = ("reason_group", "reason_rank", "feature_name", "direction", "reason_text")
# A choice falls the other way only if what it is made on moves far enough: whatever
# moves that, the choice comes from. Per model the choice, and what it is made on.
CHOICES = {
    "ml_customer_value__holdout": ({"is_live"}, "expected_orders"),
    "ml_estimator_intervals": ({"best_rule_name"}, "gain_over_rule"),
    "ml_estimator_registry": ({"status"}, "status_reason"),
    "ml_cluster__stability": ({"is_chosen", "cluster_count"}, "criterion_value"),
    **{f"ml_{grain}__reasons": ({*REASONED}, "contribution") for grain in GRAINS},
    "ml_user__clusters": ({"cluster_name", "cluster_number"}, "distance_to_centre"),
    "ml_user_offer__uplift": ({"is_chosen", "learner"}, "validation_qini"),
}
NAMES = {*chain(*MADE_BY.values()), *PLANNED, *CLUSTERED, *JUDGED, *SCORED}


@cache
def manifest() -> dict:
    """Return the manifest of the last docs."""
    if not BUILT_WAREHOUSE.exists():
        pytest.fail(
            f"No database at {BUILT_WAREHOUSE}: run make build first.", pytrace=False
        )
    return json.loads((TARGET / "manifest_of_docs.json").read_text())


@cache
def python_models() -> dict[str, dict]:
    """Return the nodes of the Python models, by name."""
    return {
        node["name"]: node
        for node in manifest()["nodes"].values()
        if node.get("language") == "python"
    }


@cache
def relations() -> dict:
    """Return all relations of the last docs, by unique id."""
    return read_relations(manifest(), json.loads((TARGET / "catalog.json").read_text()))


@cache
def made(maker: Callable[..., Inputs], *arguments: object) -> Inputs:
    """Make inputs once."""
    return maker(python_models(), *arguments)


@cache
def tasks_of(grain: str, *arguments: str) -> Inputs:
    """Make the inputs of learning of a grain once."""
    seeds = seeds_of_tasks(grain, *arguments)
    return learning_inputs(python_models(), grain, seeds)


def inputs_of(name: str) -> Iterable[tuple[Inputs, Callable[[Column], bool]]]:
    """Yield the inputs to run a model on, and which columns to perturb there."""
    for maker, names in MADE_BY.items():
        if name in names:
            yield made(maker), lambda _: True
    if name in PLANNED:
        for budget in WEEKLY_BUDGETS:
            yield made(campaign_inputs, budget), lambda _: True
    if name in CLUSTERED:
        yield from clusters_of_features()
    for grain in GRAINS:
        if name in SCORED and f"ml_{grain}__" in name:
            one = "*" if grain == "user_category" else BASE_TASKS[grain]
            yield tasks_of(grain, "*", one), lambda _: True
            if grain == "user_category":
                continue
            # elsewhere all rows are the task's
            some = tasks_of(grain, "*_28d", one, "has_profile")
            yield some, lambda column: column == ("learning_tasks", "population_column")
        if name == "ml_estimator_registry":
            yield made(registry_inputs, grain), partial(is_about, grain)
        elif name in JUDGED:
            inputs = tasks_of(grain, "*_28d category_name", "*")
            yield inputs, partial(is_about, grain)
            if name == "ml_feature_importance":
                # a count of some rows is always the same
                yield reading_every_row(inputs), partial(is_about, grain)
            if name == "ml_test" and grain == "user":
                # read where every family is judged
                full = {**inputs.settings, "backtest_grid": "full"}
                yield replace(inputs, settings=full), families_alone


def clusters_of_features() -> Iterable[tuple[Inputs, Callable[[Column], bool]]]:
    """Yield clusters made of a few features each: with more, none of them decides."""
    panel = next(each for each in relations().values() if each.name == PANELS["user"])
    slots = [f"department_share_{number}" for number in (1, 2, 3)]
    features = [
        name
        for name in panel.columns
        if is_feature((panel.name, name)) and name not in (*slots, *TEXTS)
    ]
    # with two others, so that departments are told apart by
    first, rest = tuple(features[:2]), features[2:]
    unused = {*rest}
    yield made(cluster_inputs, first), lambda column: column[1] not in unused
    for start in range(0, len(rest), 8):
        few = tuple(rest[start : start + 8])
        yield made(cluster_inputs, few), lambda column, few=few: column[1] in few


def families_alone(column: Column) -> bool:
    """Whether a column is that of a task's families."""
    return column == ("learning_tasks", "families")


def is_about(grain: str, column: Column) -> bool:
    """Whether a column is of the panel of a grain, or of no panel."""
    return column[0] == PANELS[grain] or column[0] not in PANELS.values()


def is_feature(column: Column) -> bool:
    """Whether a column of a panel is a feature, and no key."""
    table, name = column
    return table.endswith("__panel") and name not in (*FRAME_COLUMNS, *KEY_COLUMNS)


def edges_of(node: dict) -> dict[Column, set[str]]:
    """Return the outputs of each column that there is to read, as declared.

    One of them may be `ROWS`: the column decides which rows there are.
    """
    name = node["name"]
    inputs = {
        relations()[each].name: relations()[each]
        for each in node["depends_on"]["nodes"]
    }
    own = relations()[node["unique_id"]]
    if THIS in str(node["config"]["meta"]["lineage"]):
        inputs[THIS] = own
    declared, rows = declared_lineage(
        name, node["config"]["meta"]["lineage"], own.columns, inputs
    )
    names = {relation.unique_id: relation.name for relation in inputs.values()}
    edges = {
        (relation.name, column): set()
        for relation in inputs.values()
        for column in relation.columns
    }
    for output, origins in {**declared, ROWS: rows}.items():
        for unique_id, column in origins:
            edges[names[unique_id], column].add(output)
    return edges


def test_every_python_model_is_perturbed() -> None:
    assert set(NAMES) == set(python_models())


def moved_by(
    columns: list[Column],
    run: Callable[..., pd.DataFrame],
    before: Rows,
    declared: set[str],
    connection: duckdb.DuckDBPyConnection,
    chosen: set[str],
) -> set[str]:
    """Perturb columns until all declared but choices moved, and return what moved.

    What is declared moves if it differs beside what is not: a column that is only
    handed on moves with each row. Where rows are decided any column may move.
    """
    others = [each for each in before.codes if each not in declared]
    moved, is_refused = set(), False
    for variant in VARIANTS:
        if declared and (declared - chosen or declared) <= moved:
            break
        try:
            after = Rows.of(run(perturb(connection, columns, variant)))
        except (ValueError, KeyError, TypeError, IndexError):
            is_refused = True
            continue
        stirred = {each for each in before.codes if before.differ(after, [each])}
        if ROWS not in declared:
            moved |= stirred
        elif stirred:
            moved.add(ROWS)
        moved |= {
            each for each in declared - {ROWS} if before.differ(after, [*others, each])
        }
    # a value that the model refuses is read, for whatever it gives
    return moved | (declared or {"a refusal"}) if is_refused else moved


def faults_of(name: str) -> set[str]:
    """Perturb the columns that a model reads, and say where it is declared wrongly."""
    node = python_models()[name]
    edges = {
        column: outputs
        for column, outputs in edges_of(node).items()
        if not (name in TRAINED and is_feature(column))
    }
    asked = [[column] for column, outputs in edges.items() if outputs]
    asked.append([column for column, outputs in edges.items() if not outputs])
    moved: dict[Column, set[str]] = {column: set() for column in edges}
    chosen, made_on = CHOICES.get(name, (set(), None))
    for inputs, is_asked in inputs_of(name):
        run = partial(run_model, node, inputs.connection, inputs.settings)
        before = Rows.of(run())
        assert not before.differ(Rows.of(run()), before.codes), "another each time"
        for together in asked:
            columns = [column for column in together if is_asked(column)]
            declared = edges[columns[0]] if columns else set()
            if columns and not (declared and declared <= moved[columns[0]]):
                moved[columns[0]] |= moved_by(
                    columns, run, before, declared, inputs.connection, chosen
                )
    faults = set()
    for column, outputs in edges.items():
        if made_on in moved[column]:
            moved[column] |= chosen & outputs
        read = ".".join(column)
        faults |= {f"undeclared: {read} moves {e}" for e in moved[column] - outputs}
        faults |= {
            f"unconfirmed: {read} never moves {e}" for e in outputs - moved[column]
        }
    return faults


def faults_of_features(name: str, grain: str) -> set[str]:
    """Perturb every second feature, then the others; each task reads one of them."""
    node = python_models()[name]
    edges = edges_of(node)
    panel = PANELS[grain]
    features = [each for each in edges if each[0] == panel and is_feature(each)]
    inputs = features_of(grain, tuple(name for _, name in features))
    run = partial(run_model, node, inputs.connection, inputs.settings)
    before = run()
    keys = [each for each in KEY_COLUMNS if each in before.columns]
    faults = set()
    for chosen in (features[::2], features[1::2]):
        after = run(perturb(inputs.connection, chosen, permuted))
        for column in features:
            was, found = (
                Rows.of(frame[frame["task"] == column[1]]) for frame in (before, after)
            )
            expected = edges[column] if column in chosen else set()
            moved = {e for e in was.codes if was.differ(found, [*keys, e])}
            # the registry keeps the version that was live before in a row of its own
            if column not in chosen or len(was) == len(found):
                faults |= {
                    f"undeclared: {column[1]} moves {e}" for e in moved - expected
                }
            faults |= {
                f"unconfirmed: {column[1]} never moves {e}" for e in expected - moved
            }
    return faults


@cache
def features_of(grain: str, features: tuple[str, ...]) -> Inputs:
    """Make the inputs of learning of one feature per task once."""
    seeds = seeds_of_features(grain, features)
    return reading_every_row(
        learning_inputs(python_models(), grain, seeds, is_brief=True)
    )


def reading_every_row(inputs: Inputs) -> Inputs:
    """Return inputs of models that learn from every row, and judge every one."""
    return replace(inputs, settings={**inputs.settings, "max_training_rows": 30_000})


@pytest.fixture(scope="module")
def found(request: pytest.FixtureRequest) -> Iterator[dict[tuple, Future]]:
    """Look for the faults that all tests asked for are about, two at a time."""
    asked = [
        tuple(item.callspec.params[each] for each in ("name", "grain"))
        if "grain" in item.callspec.params
        else (item.callspec.params["name"],)
        for item in request.session.items
        if item.module is request.module and hasattr(item, "callspec")
    ]
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        looks = {1: faults_of, 2: faults_of_features}
        yield {each: pool.submit(looks[len(each)], *each) for each in asked}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_declared_lineage_is_what_perturbed_columns_move(
    name: str, found: dict[tuple, Future]
) -> None:
    assert not found[name,].result()


@pytest.mark.parametrize("grain", GRAINS)
@pytest.mark.parametrize("name", TRAINED)
def test_each_feature_moves_what_is_learnt_from_it(
    name: str, grain: str, found: dict[tuple, Future]
) -> None:
    assert not found[name, grain].result()
