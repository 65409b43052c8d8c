"""Which small inputs each Python model is run on, in tests of all of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache, partial
from itertools import chain

import pytest
from precision_marketing.common.frames import PANEL_KEYS
from support.builds import BUILT_WAREHOUSE, PROJECT_FOLDER
from support.learning_inputs import (
    BASE_TASKS,
    FEATURES,
    FEW,
    GRAINS,
    LABELS,
    learning_inputs,
    registry_inputs,
    seeds_of_features,
    seeds_of_tasks,
)
from support.perturbed_models import Column
from support.small_inputs import (
    Inputs,
    campaign_inputs,
    cluster_inputs,
    demand_inputs,
    forecast_inputs,
    list_inputs,
    programme_inputs,
    review_inputs,
    uplift_inputs,
    value_inputs,
)

from operations.docs_site.lineage.relations import read_relations

TARGET = PROJECT_FOLDER / "target"


def market_inputs(nodes: dict[str, dict]) -> Inputs:
    """Return prices of the three categories that tell most."""
    inputs = Inputs(nodes)
    told = "from built.market.price_elasticities where status = 'measured' order by cell_count desc, category limit 3"
    inputs.create({"mkt_price_cells": f"from built.market.mkt_price_cells where category in (select category {told})"})
    return inputs


# What makes the inputs of models that read no panel of any grain.
MADE_BY: dict[Callable[[dict], Inputs], tuple[str, ...]] = {
    Inputs: ("stg_calendar__holidays",),
    value_inputs: (
        "ml_customer_value__estimator",
        "ml_customer_value__test_period",
        "ml_customer_value__intervals",
        "ml_user__value",
    ),
    forecast_inputs: ("ml_campaign_forecasts",),
    programme_inputs: ("ml_programme_looks",),
    demand_inputs: ("ml_demand__fits",),
    market_inputs: ("ml_price_elasticities",),
    list_inputs: ("ml_recommendation_intervals",),
    review_inputs: ("ml_review__readings",),
    uplift_inputs: ("ml_uplift_intervals", "ml_user_offer__uplift"),
}
PLANNED = ("ml_budget_curve", "ml_campaign_checks", "ml_campaign_results", "ml_offer_choice")
# Budgets of the week, the campaign that explores with all it has, and the rise that it is to
# show, if few users show it: what binds beside one of them is loose beside another. First those that confirm most.
WEEKS = ((15.0, "d", 0.3), (24.0, "c", 0.3), (12.0, "d"), (18.0, "c"), (21.0, "d"))
CLUSTERED = ("ml_cluster__fits", "ml_cluster__profiles", "ml_cluster__stability", "ml_user__clusters")
# Models that learn of each feature, or judge it.
TRAINED = ("ml_feature_importance", "ml_estimator_registry", "ml_test", "ml_validation")
JUDGED = (*TRAINED, "ml_estimator_intervals")
TEXTS = ("age_band", "income_band", "segment_name")
# products have lists, and reasons in SQL; tiers have none
SCORED = tuple(
    f"ml_{grain}__{kind}"
    for grain in GRAINS
    for kind in ("scores", "reasons")
    if (grain, kind) not in {("user_product", "reasons"), ("user_tier", "reasons")}
)
# Grains whose tasks share the rows of a panel among them.
PARTED = ("user_category", "user_product", "user_tier")
# `test_each_feature` is about their features: per model the grains that it reads.
OF_FEATURES = dict.fromkeys(TRAINED, GRAINS) | {
    name: tuple(grain for grain in GRAINS if f"ml_{grain}__" in name) for name in SCORED
}
NAMES = {*chain(*MADE_BY.values()), *PLANNED, *CLUSTERED, *JUDGED, *SCORED}


@cache
def manifest() -> dict:
    """Return the manifest of the last docs."""
    if not BUILT_WAREHOUSE.exists():
        pytest.fail(f"No database at {BUILT_WAREHOUSE}: run make build first.", pytrace=False)
    return json.loads((TARGET / "manifest_of_docs.json").read_text())


@cache
def python_models() -> dict[str, dict]:
    """Return the nodes of the Python models, by name."""
    return {node["name"]: node for node in manifest()["nodes"].values() if node.get("language") == "python"}


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
        for week in WEEKS:
            yield made(campaign_inputs, *week), lambda _: True
    if name in CLUSTERED:
        yield from clusters_of_features()
    for grain in GRAINS:
        if name in SCORED and f"ml_{grain}__" in name:
            one = "*" if grain in PARTED else BASE_TASKS[grain]
            yield tasks_of(grain, "*", one), lambda _: True
            if grain in PARTED:
                continue
            # elsewhere all rows are the task's
            some = tasks_of(grain, "*_28d", one, "is_picked")
            yield some, lambda column: column == ("learning_tasks", "population_column")
        if name == "ml_estimator_registry":
            yield made(registry_inputs, grain), partial(is_about, grain)
        elif name in JUDGED:
            inputs = tasks_of(grain, FEW, "*")
            yield inputs, partial(is_about, grain)
            if name == "ml_feature_importance":
                # a count of some rows is always the same
                yield reading_every_row(inputs), partial(is_about, grain)
            if name == "ml_test" and grain == "user":
                # read where every family is judged
                full = {**inputs.settings, "backtest_grid": "full"}
                yield replace(inputs, settings=full), families_alone


def clusters_of_features() -> Iterable[tuple[Inputs, Callable[[Column], bool]]]:
    """Yield clusters made of a few features each: with more, none of them decides. How many, the first choose."""
    [panel] = (each for each in relations().values() if each.name == FEATURES["user"][0])
    slots = [f"department_share_{number}" for number in (1, 2, 3)]
    features = [name for name in panel.columns if is_feature((panel.name, name)) and name not in (*slots, *TEXTS)]
    # with two others, so that departments are told apart by
    first, rest = tuple(features[:2]), features[2:]
    unused = {*rest}
    yield made(cluster_inputs, first, 4), lambda column: column[1] not in unused
    for start in range(0, len(rest), 8):
        few = tuple(rest[start : start + 8])
        yield made(cluster_inputs, few), lambda column, few=few: column[1] in few


def families_alone(column: Column) -> bool:
    """Whether a column is that of a task's families."""
    return column == ("learning_tasks", "families")


def is_about(grain: str, column: Column) -> bool:
    """Whether a column is of the panel of a grain, or of no panel."""
    own, every = (
        {LABELS[each] for each in grains}.union(*(FEATURES[each] for each in grains)) for grains in ([grain], GRAINS)
    )
    return column[0] in own or column[0] not in every


def is_feature(column: Column) -> bool:
    """Whether a column of a panel is a feature, and no key."""
    table, name = column
    is_read = table in {each for tables in FEATURES.values() for each in tables}
    return is_read and name not in PANEL_KEYS


@cache
def features_of(grain: str, groups: tuple[tuple[str, ...], ...]) -> Inputs:
    """Make the inputs of learning of a few features per task once."""
    seeds = seeds_of_features(grain, groups)
    return reading_every_row(learning_inputs(python_models(), grain, seeds, is_brief=True))


def reading_every_row(inputs: Inputs) -> Inputs:
    """Return inputs of models that learn from every row, judge every one, and list every one."""
    every = {"max_training_rows": 30_000, "importance_rows": 30_000, "length": 30_000}
    return replace(inputs, settings={**inputs.settings, **every})
