"""Python models, run with a column perturbed, a label added, users left out: do they read what they may?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from math import ceil
from multiprocessing import get_context

import duckdb
import pandas as pd
import pytest
from precision_marketing.common.frames import PANEL_KEYS
from precision_marketing.estimators.tasks import KEY_COLUMNS
from support.learning_inputs import FEATURES, GRAINS
from support.model_inputs import (
    CLUSTERED,
    JUDGED,
    NAMES,
    OF_FEATURES,
    PLANNED,
    SCORED,
    TRAINED,
    Inputs,
    features_of,
    inputs_of,
    is_feature,
    manifest,
    python_models,
    relations,
)
from support.perturbed_models import VARIANTS, Column, Rows, perturb, run_model, stirred

from operations.docs_site.lineage.declared import ROWS, THIS, declared_lineage

REASONED = (
    *("reason_group", "reason_rank", "raising_group_count", "feature_name"),
    *("direction", "reason_text", "reason_text_zh"),
)
# A choice falls the other way only if what it is made on moves far enough: whatever
# moves that, the choice comes from. Per model each choice, and what it is made on.
CHOICES = {
    "ml_budget_curve": {"contact_count": "expected_cost"},
    "ml_customer_value__test_period": {"is_champion": "expected_orders"},
    "ml_estimator_intervals": {"best_baseline_name": "gain_over_baseline"},
    "ml_recommendation_intervals": {"best_baseline_name": "ndcg_gain"},
    "ml_estimator_registry": {"status": "status_reason", "parameters": "estimator_bytes"},
    "ml_cluster__stability": dict.fromkeys(("is_chosen", "cluster_count"), "criterion_value"),
    **{f"ml_{grain}__reasons": dict.fromkeys(REASONED, "contribution") for grain in GRAINS},
    # a price is 0 until its limit binds
    "ml_offer_choice": {"budget_price": "campaign_budget_price"},
    "ml_user__clusters": dict.fromkeys(("cluster_name", "cluster_number"), "distance_to_centre"),
    # what a list keeps
    "ml_user_product__scores": {ROWS: "score"},
    "ml_user_offer__uplift": dict.fromkeys(("is_chosen", "learner"), "validation_qini"),
}
# Beside the value of one feature a sentence may tell that of another.
TEXTS = {"reason_text", "reason_text_zh"}
# Where a task reads one feature, nothing is left over to sum up.
SUMS = {"rest": "contribution"}
# Seeds whose rows are checked as a whole, whatever of them is used: any column may be refused.
CHECKED = ("learning_tasks", "baselines")
# So many features are read by a task: each run perturbs one of each task.
FEATURES_OF_A_TASK = 10
# What a label is called that is added: it ends as the patterns of the tasks do that read some features alone.
ADDED = "{}_day_28d"
# Models that read a table of labels.
LABELLED = (
    *(*CLUSTERED, *TRAINED, *SCORED),
    *("ml_customer_value__estimator", "ml_customer_value__test_period", "ml_user_offer__uplift"),
)
# Models that learn or judge see the users that a hash drew, and nobody else; these tables say who was.
LEARNERS = (
    *("ml_cluster__fits", "ml_cluster__stability", "ml_customer_value__estimator", "ml_customer_value__test_period"),
    *TRAINED,
)
DRAWN = {"lbl_user", "lbl_user_offer", "lbl_user_tier", "lbl_user__purchases"}
# A third of the users, whatever their pseudonym.
LEFT_OUT = "hash(first_order_id) % 3 = 0"
# What a model says of values that it cannot work with.
REFUSALS = (ValueError, KeyError, TypeError, IndexError)


def edges_of(node: dict) -> dict[Column, set[str]]:
    """Return the outputs of each column that there is to read, as declared.

    One of them may be `ROWS`: the column decides which rows there are.
    """
    name = node["name"]
    inputs = {relations()[each].name: relations()[each] for each in node["depends_on"]["nodes"]}
    own = relations()[node["unique_id"]]
    if THIS in str(node["config"]["meta"]["lineage"]):
        inputs[THIS] = own
    declared, rows = declared_lineage(name, node["config"]["meta"]["lineage"], own.columns, inputs)
    names = {relation.unique_id: relation.name for relation in inputs.values()}
    edges = {(relation.name, column): set() for relation in inputs.values() for column in relation.columns}
    for output, origins in {**declared, ROWS: rows}.items():
        for unique_id, column in origins:
            edges[names[unique_id], column].add(output)
    return edges


def moved_by(
    column: Column,
    run: Callable[..., pd.DataFrame],
    before: Rows,
    declared: set[str],
    connection: duckdb.DuckDBPyConnection,
    chosen: set[str],
) -> set[str]:
    """Perturb a column until all declared but choices moved, and return what moved.

    What is declared moves if it differs beside what is not: a column that is only
    handed on moves with each row. Where rows are decided any column may move.
    """
    others = [each for each in before.codes if each not in declared]
    moved, is_refused = set(), False
    for variant in VARIANTS:
        if (declared - chosen or declared) <= moved:
            break
        if not (tables := perturb(connection, [column], variant)):
            continue
        try:
            after = Rows.of(run(tables))
        except REFUSALS:
            is_refused = True
            continue
        stirred = {each for each in before.codes if before.differ(after, [each])}
        if ROWS not in declared:
            moved |= stirred
        elif stirred:
            moved.add(ROWS)
        moved |= {each for each in declared - {ROWS} if before.differ(after, [*others, each])}
    # a value that the model refuses is read, for whatever it gives
    return moved | declared if is_refused else moved


def confirmed(moved: set[str], choices: dict[str, str]) -> set[str]:
    """Return what moved, and the choices that are made on it."""
    return moved | {choice for choice, origin in choices.items() if origin in moved}


def moved_by_unread(
    columns: list[Column],
    run: Callable[..., pd.DataFrame],
    before: Rows,
    connection: duckdb.DuckDBPyConnection,
    refused: set[tuple[Column, Callable]],
) -> dict[Column, set[str]]:
    """Perturb columns together that are declared to move nothing; return what moved, beside one of them.

    Where together they are refused, halves of them tell which one is; what other inputs were refused for is left out.
    """
    moved: dict[Column, set[str]] = {}
    for variant in VARIANTS:
        parts = [[column for column in columns if (column, variant) not in refused]]
        while parts:
            part = parts.pop()
            if not (tables := perturb(connection, part, variant)):
                continue
            found = moved.setdefault(part[0], set())
            try:
                after = Rows.of(run(tables))
            except REFUSALS:
                if half := len(part) // 2:
                    parts += [part[:half], part[half:]]
                else:
                    found.add("a refusal")
                    refused.add((part[0], variant))
                continue
            found |= {each for each in before.codes if before.differ(after, [each])}
    return moved


def faults_of(name: str) -> set[str]:
    """Perturb the columns that a model reads, and say where it is declared wrongly."""
    node = python_models()[name]
    edges = {
        column: outputs
        for column, outputs in edges_of(node).items()
        if not (name in OF_FEATURES and is_feature(column))
    }
    moved: dict[Column, set[str]] = {column: set() for column in edges}
    choices, refused = CHOICES.get(name, {}), set()
    for inputs, is_asked in inputs_of(name):
        run = partial(run_model, node, inputs.connection, inputs.settings)
        before = Rows.of(run())
        for column, declared in edges.items():
            if is_asked(column) and declared - confirmed(moved[column], choices):
                moved[column] |= moved_by(column, run, before, declared, inputs.connection, {*choices})
        unread = [column for column, outputs in edges.items() if is_asked(column) and not outputs]
        for column, found in moved_by_unread(unread, run, before, inputs.connection, refused).items():
            moved[column] |= found
    faults = set()
    for column, outputs in edges.items():
        moved[column] |= outputs & confirmed(moved[column], choices)
        read = ".".join(column)
        allowed = outputs | {"a refusal"} if column[0] in CHECKED else outputs
        faults |= {f"undeclared: {read} moves {e}" for e in moved[column] - allowed}
        faults |= {f"unconfirmed: {read} never moves {e}" for e in outputs - moved[column]}
    return faults


def faults_of_features(name: str, grain: str) -> set[str]:
    """Perturb one feature of each task at a time; each task reads other features.

    What moves in a task is moved by its own feature, if whatever moves in all others leaves it as it was.
    """
    node = python_models()[name]
    edges = edges_of(node)
    features = [each for each in edges if each[0] in FEATURES[grain] and is_feature(each)]
    count = ceil(len(features) / FEATURES_OF_A_TASK)
    tasks = [features[place::count] for place in range(count)]
    inputs = features_of(grain, tuple(tuple(name for _, name in task) for task in tasks))
    run = partial(run_model, node, inputs.connection, inputs.settings)
    before = run()
    keys = [each for each in KEY_COLUMNS if each in before.columns]
    choices, faults = CHOICES.get(name, {}) | SUMS, set()

    def moved_of_each(perturbed: list[Column]) -> Iterator[tuple[set[str], bool]]:
        """Yield per task which outputs move, and whether it has as many rows as before."""
        after = run(perturb(inputs.connection, perturbed, stirred))
        for place in range(count):
            was, found = (Rows.of(frame[frame["task"] == f"task {place}"]) for frame in (before, after))
            yield {each for each in was.codes if was.differ(found, [*keys, each])}, len(was) == len(found)

    for half in (0, 1):
        others = [column for task in tasks[half::2] for column in task]
        for moved, _ in list(moved_of_each(others))[1 - half :: 2]:
            faults |= {f"undeclared: features of others move {e}" for e in moved - TEXTS}
    for place in range(len(tasks[0])):
        chosen = [task[place] for task in tasks if place < len(task)]
        for column, (moved, is_as_long) in zip(chosen, moved_of_each(chosen), strict=False):
            expected = edges[column]
            moved |= expected & confirmed(moved, choices)
            # the registry keeps the version that was live before in a row of its own
            if is_as_long:
                faults |= {f"undeclared: {column[1]} moves {e}" for e in moved - expected}
            faults |= {f"unconfirmed: {column[1]} never moves {e}" for e in expected - moved}
    return faults


def labels_with_rows(name: str, tables: Iterable[str]) -> Iterator[tuple[Inputs, dict[str, duckdb.DuckDBPyRelation]]]:
    """Yield inputs of a model until each of some tables had rows in one of them, with those that have."""
    missing = {*tables}
    for inputs, _ in inputs_of(name):
        rows = {table: inputs.connection.table(table) for table in sorted(missing)}
        if rows := {table: each for table, each in rows.items() if len(each)}:
            missing -= rows.keys()
            yield inputs, rows
        if not missing:
            return
    raise ValueError(f"{name} was not run on rows of {missing}")


def labels_read() -> dict[str, list[str]]:
    """Return the tables of models/labels that each Python model reads, by its name."""
    nodes = manifest()["nodes"]
    read = {
        name: [
            each for each in node["depends_on"]["nodes"] if nodes.get(each, {}).get("path", "").startswith("labels/")
        ]
        for name, node in python_models().items()
    }
    return {name: [nodes[each]["name"] for each in tables] for name, tables in read.items() if tables}


def faults_of_added_labels(name: str) -> set[str]:
    """Run a model beside labels tables that hold each label twice; say what moves."""
    node, faults = python_models()[name], set()
    for inputs, tables in labels_with_rows(name, labels_read()[name]):
        again = {
            table: rows.project("*, " + ", ".join(f"{each} as {ADDED.format(each)}" for each in own)).to_arrow_table()
            for table, rows in tables.items()
            # dates are no label, and cannot be learnt from
            if (own := [each for each in rows.columns if each not in PANEL_KEYS and not each.endswith("_date")])
        }
        before, after = (
            Rows.of(run_model(node, inputs.connection, inputs.settings, perturbed)) for perturbed in (None, again)
        )
        assert len(before), f"no row of {name} to compare"
        faults |= {
            f"{column} moves with a label added to {' or '.join(tables)}"
            for column in before.codes
            if column not in after.codes or before.differ(after, [column])
        }
    return faults


def faults_of_left_out(name: str) -> set[str]:
    """Run a model with a third of the users not drawn, and without them; say if that differs."""
    node, faults, is_changed = python_models()[name], set(), False
    for inputs, tables in labels_with_rows(name, DRAWN.intersection(labels_read()[name])):
        marked, fewer = (
            {table: rows.query("labels", query).to_arrow_table() for table, rows in tables.items()}
            for query in (
                f"select * replace (not {LEFT_OUT} as is_drawn) from labels",
                f"from labels where not {LEFT_OUT}",
            )
        )
        found, expected, before = (
            Rows.of(run_model(node, inputs.connection, inputs.settings, perturbed)) for perturbed in (marked, fewer, {})
        )
        names = [column for column in found.codes if not column.endswith("_bytes")]
        is_changed |= found.differ(before, names)
        faults |= {f"who is not drawn of {' and '.join(tables)} moves it"} if found.differ(expected, names) else set()
    return faults if is_changed else faults | {"nothing hangs on who is drawn"}


def group_of(name: str, *grain: str) -> str:
    """Return what is looked at in one process, as it reads the same inputs."""
    if grain:
        return grain[0]
    groups = {"clusters": CLUSTERED, "plans": PLANNED, "judged": JUDGED}
    return next((group for group, names in groups.items() if name in names), name.rsplit("__")[0])


def faults_of_group(asked: list[tuple]) -> list[set[str]]:
    """Look for the faults of models, one after the other."""
    return [look(*case) for look, *case in asked]


def asked(look: Callable[..., set[str]], cases: Iterable[tuple]) -> pytest.MarkDecorator:
    """Ask for the faults that a look at each case finds."""
    return pytest.mark.parametrize("asked", [pytest.param((look, *case), id="-".join(case)) for case in cases])


@pytest.fixture(scope="module")
def looks(request: pytest.FixtureRequest) -> Iterator[Callable[[tuple], set[str]]]:
    """Look for the faults that all tests asked for are about, two groups at a time."""
    groups: dict[str, list[tuple]] = {}
    for item in request.session.items:
        if item.module is request.module and hasattr(item, "callspec"):
            case = item.callspec.params["asked"]
            groups.setdefault(group_of(*case[1:]), []).append(case)
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        looks = {name: pool.submit(faults_of_group, group) for name, group in groups.items()}
        yield lambda case: looks[group_of(*case[1:])].result()[groups[group_of(*case[1:])].index(case)]


@pytest.fixture
def faults(asked: tuple, looks: Callable[[tuple], set[str]]) -> set[str]:
    """Return the faults of what a test asks for."""
    return looks(asked)


def test_every_python_model_is_perturbed() -> None:
    assert set(NAMES) == set(python_models())
    assert set(LABELLED) == set(labels_read())


@asked(faults_of, [(name,) for name in sorted(NAMES)])
def test_declared_lineage_is_what_perturbed_columns_move(faults: set[str]) -> None:
    assert not faults


@asked(faults_of_features, [(name, grain) for name in OF_FEATURES for grain in OF_FEATURES[name]])
def test_each_feature_moves_what_is_learnt_from_it(faults: set[str]) -> None:
    assert not faults


@asked(faults_of_added_labels, [(name,) for name in LABELLED])
def test_a_label_added_to_a_labels_table_cannot_be_learnt_from(faults: set[str]) -> None:
    assert not faults


@asked(faults_of_left_out, [(name,) for name in LEARNERS])
def test_a_user_who_is_not_drawn_might_as_well_not_be_there(faults: set[str]) -> None:
    assert not faults
