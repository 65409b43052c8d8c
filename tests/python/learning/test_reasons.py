"""Reasons are different things, in words that hold, and add up to the score."""

from __future__ import annotations

import json
from collections.abc import Callable

import duckdb
import numpy as np
import pandas as pd
import pytest
import yaml
from precision_marketing.common.frames import PANEL_KEYS, Panel
from precision_marketing.estimators.families import AverageAmount, CalibratedAverage, fit_baseline, predict_values
from precision_marketing.estimators.stored import dump_estimator
from precision_marketing.estimators.tasks import Task
from precision_marketing.explanations.reasons import (
    REASON_COLUMNS,
    keys_of,
    panel_reasons,
    strongest_reasons,
    tell_reasons,
)
from precision_marketing.explanations.sentences import OPTIONAL_PART, OWN_FIELDS, TEXT_COLUMNS, _fields, reason_words
from precision_marketing.explanations.typical import COLUMNS_AT_A_TIME, typical_values
from support.builds import PROJECT_FOLDER
from support.made_rows import SEEDS, fitted_amounts, fitted_families, make_new_rows
from support.panels import AMOUNT_TASK, TASK, TASKS, make_panel, score_panel, split_panel

TEXTS = pd.read_csv(PROJECT_FOLDER / "seeds" / "reason_texts.csv")
SHOP = pd.DataFrame({"currency": ["EUR"]})
# Tables of features, by grain; what a model of a grain reads beside its own.
PANELS = {
    "user": ["ftr_user__snapshot"],
    "user_offer": ["ftr_user_offer__snapshot", "ftr_user__snapshot"],
    "user_category": ["ftr_user_category__snapshot"],
}


def panel_features(grain: str) -> set[str]:
    """Return the columns of the panel of a grain that estimators learn from."""
    columns = {
        column["name"]
        for file in (PROJECT_FOLDER / "models/features").rglob("_*__models.yml")
        for model in yaml.safe_load(file.read_text())["models"]
        if model["name"] in PANELS[grain]
        for column in model["columns"]
    }
    return columns - {*PANEL_KEYS}


def champion_baseline(task: str = TASK) -> pd.DataFrame:
    """Make a registry in which a baseline is live, for a task."""
    panel, is_amount = make_panel(0), task == AMOUNT_TASK
    features = split_panel(panel).features[["days_since_last_order"]]
    known = panel["is_lapsed"].notna().to_numpy()
    labels = panel["amount_ahead" if is_amount else "is_lapsed"][known].astype(float)
    baseline = fit_baseline(features[known], labels, is_amount=is_amount)
    estimator = AverageAmount([baseline]) if is_amount else CalibratedAverage([baseline], [1.0], [0.0])
    return pd.DataFrame(
        {
            "task": [task],
            "status": ["champion"],
            "estimator_name": ["baseline"],
            "estimator_version": ["1"],
            "feature_names": [json.dumps(["days_since_last_order"])],
            "estimator_bytes": [bytearray(dump_estimator(estimator))],
        }
    )


def reasons_of(
    panel: pd.DataFrame, registry: pd.DataFrame, texts: pd.DataFrame = TEXTS, tasks: pd.DataFrame = TASKS
) -> pd.DataFrame:
    """Explain all scores of a panel of grain user."""
    scored = split_panel(panel).of_split("score")
    explained = pd.concat([scored.rows[["user_id"]].assign(task=task) for task in tasks["task"]])

    def typical(task: Task, names: list[str]) -> pd.DataFrame:
        rows = task.population(scored)
        return rows.columns(names).groupby(np.zeros(len(rows.rows))).median()

    return panel_reasons(scored, explained, typical, registry, tasks, texts, SHOP, "user", 3)


def tables_of(panel: Panel) -> tuple[duckdb.DuckDBPyRelation, duckdb.DuckDBPyRelation]:
    """Put a panel into an engine: its rows to score, and features by their keys."""
    keys = [key for key in PANEL_KEYS if key in panel.rows]
    features = pd.concat([panel.rows[keys], panel.features], axis=1)
    return duckdb.from_df(panel.of_split("score").rows), duckdb.from_df(features)


def groups_of(features: pd.DataFrame) -> dict[str, str]:
    """Return the group of each feature, as the seed has it."""
    return reason_words(TEXTS, list(features), {})["reason_group"].to_dict()


@pytest.mark.parametrize("grain", PANELS)
def test_every_feature_of_a_panel_has_a_group_and_words(grain: str) -> None:
    features = sorted(panel_features(grain))
    assert len(features) > 40
    words = reason_words(TEXTS, features, {})
    for column in ("reason_text", "reason_text_zh"):
        assert words.index[words[column] == ""].tolist() == []


@pytest.mark.parametrize("column", TEXT_COLUMNS)
def test_texts_name_columns_of_the_panel_that_they_are_about(column: str) -> None:
    anywhere = set.union(*map(panel_features, PANELS))
    for grain in PANELS:
        features = panel_features(grain)
        texts = reason_words(TEXTS, sorted(features), {})[column]
        optional = " ".join(OPTIONAL_PART.findall(" ".join(texts)))
        assert {*_fields(optional)} <= anywhere | OWN_FIELDS
        texts = texts.str.replace(OPTIONAL_PART, "", regex=True)
        unknown = {name: fields for name, text in texts.items() if (fields := {*_fields(text)} - features - OWN_FIELDS)}
        assert unknown == {}


def test_every_row_of_the_seed_is_about_a_feature() -> None:
    features = set.union(*map(panel_features, PANELS))
    idle = [
        name
        for name in TEXTS["feature_name"]
        if not any(feature == name or (name[-1] == "*" and feature.startswith(name[:-1])) for feature in features)
    ]
    assert idle == []


def test_the_longest_pattern_that_fits_is_taken() -> None:
    words = reason_words(TEXTS, ["order_count_28d", "order_count_trend_28d", "orders_per_day"], {})
    assert words["reason_group"].tolist() == ["frequency", "trend", "frequency"]


def test_features_that_the_seed_does_not_know_go_by_their_names() -> None:
    names = ["stock_level_28d", "stock_level_91d", "shelf_width"]
    words = reason_words(TEXTS, names, {})
    assert words["reason_group"].tolist() == ["stock level"] * 2 + ["shelf width"]
    assert words["label"].tolist() == [name.replace("_", " ") for name in names]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("fitted", "name"),
    [
        (fitted_families, "average"),
        (fitted_families, "logistic_regression"),
        (fitted_amounts, "average"),
        (fitted_amounts, "linear_regression"),
        (fitted_amounts, "gradient_boosting"),
    ],
)
def test_reasons_rest_and_baseline_add_up_to_log_odds_or_amount(fitted: Callable, name: str, seed: int) -> None:
    estimator, features = fitted(seed)[name], make_new_rows(seed)
    found = strongest_reasons(estimator, features, groups_of(features), 3, raises_first=False)
    scores = predict_values(estimator, features)
    expected = scores if fitted is fitted_amounts else np.log(scores / (1 - scores))
    by_row = found.groupby("row")
    total = by_row["contribution"].sum()
    total += by_row["rest"].first() + by_row["baseline"].first()
    assert len(total) == len(features)
    np.testing.assert_allclose(total, expected, rtol=0, atol=1e-9)
    for column in ("rest", "baseline"):
        assert (by_row[column].nunique() == 1).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_reasons_are_the_strongest_and_of_different_groups(seed: int) -> None:
    estimator, features = fitted_families(seed)["average"], make_new_rows(seed)
    groups, rank = groups_of(features), {"raises_first": False}
    found = strongest_reasons(estimator, features, groups, 2, **rank)
    every = strongest_reasons(estimator, features, groups, 99, **rank)
    assert not found.duplicated(["row", "reason_group"]).any()
    assert (every.groupby("row").size() > 2).all()
    strength = every["contribution"].abs()
    in_direction = [every["row"], every["direction"]]
    assert (strength.groupby(in_direction).diff().dropna() <= 1e-9).all()
    # the strongest of all is told, whatever its direction
    strongest = every.loc[strength.groupby(every["row"]).idxmax()]
    keys = ["row", "reason_group", "contribution"]
    assert len(strongest[keys].merge(found[keys])) == len(strongest)
    # nothing but reasons is left when all are told, and the constant ones are none
    np.testing.assert_allclose(every["rest"], 0, atol=1e-9)
    assert not every["feature_name"].str.startswith("constant").any()


def test_each_reason_has_its_direction_and_says_what_was_seen() -> None:
    registry, panel = champion_baseline(), make_panel(0)
    scored = panel["split_name"] == "score"
    panel.loc[scored, "days_since_last_order"] = np.linspace(1, 90, scored.sum())
    texts = TEXTS.assign(
        reason_text="Ordered {days_since_last_order:.0f} days ago.",
        reason_text_zh="距今{days_since_last_order:.0f}天。",
    )
    found = reasons_of(panel, registry, texts)
    # the one feature is the one reason
    assert (found["reason_rank"] == 1).all()
    assert found["reason_text"].iloc[0] == "Ordered 1 day ago."
    assert found["reason_text_zh"].iloc[-1] == "距今90天。"
    raised = found["contribution"] > 0
    assert (found["direction"] == raised.map({True: "raises", False: "lowers"})).all()
    assert raised.is_monotonic_increasing
    assert 0 < raised.sum() < len(raised)


def test_a_text_that_cannot_be_read_is_named() -> None:
    texts = TEXTS.assign(reason_text="since {value:.0f")
    with pytest.raises(ValueError, match=r"^Seed reason_texts: .*days_since_last_order"):
        reasons_of(make_panel(0), champion_baseline(), texts)


def test_a_department_goes_by_its_name() -> None:
    labels = {"department_share_1": "DELI"}
    words = reason_words(TEXTS, ["department_share_1", "department_share_2"], labels)
    assert words["label"].tolist() == ["DELI", "department share 2"]


def test_amounts_are_explained_in_money() -> None:
    panel, registry = (make_panel(0), pd.concat([champion_baseline(), champion_baseline(AMOUNT_TASK)]))
    found = reasons_of(panel, registry)
    scores = score_panel(split_panel(panel), registry, TASKS, "user")
    # one feature, hence one reason of each score
    joined = found.merge(scores, on=["task", "user_id"])
    assert len(joined) == len(found) == len(scores)
    total = joined["contribution"] + joined["rest"] + joined["baseline"]
    is_amount = joined["task"] == AMOUNT_TASK
    assert is_amount.mean() == 0.5
    chances = joined["score"].where(~is_amount, 0.5)
    expected = joined["score"].where(is_amount, np.log(chances / (1 - chances)))
    np.testing.assert_allclose(total, expected, rtol=0, atol=1e-9)
    # both rise with the column: of an amount the fallback is the column itself
    said = joined.pivot(index="user_id", columns="task", values="direction")
    assert (said[TASK] == said[AMOUNT_TASK]).mean() > 0.5


def category_panel() -> pd.DataFrame:
    """Make a panel with two categories and two departments, one called the same."""
    parts = [
        make_panel(seed).assign(
            category_level=level, category_name=name, is_category=level == "c", is_department=level == "d"
        )
        for seed, (level, name) in enumerate([("c", "deli"), ("c", "soup"), ("d", "deli"), ("d", "bakery")])
    ]
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("seed", SEEDS)
def test_scores_are_explained_alike_whichever_else_are(seed: int) -> None:
    panel = split_panel(category_panel(), "category_level", "is_category", "is_department")
    tasks = pd.concat([TASKS.iloc[[0]]] * 2).assign(
        task=["category", "department"], grain="user_category", population_column=["is_category", "is_department"]
    )
    registry = pd.concat([champion_baseline("category"), champion_baseline("department")])
    scores = score_panel(panel, registry, tasks, "user_category")
    labels, features = tables_of(panel)
    keys = ["task", "user_id", "category_name"]

    def told(explained: pd.DataFrame) -> pd.DataFrame:
        listed = duckdb.from_df(explained[keys].assign(grain="user_category"))
        return tell_reasons("user_category", labels, [features], listed, registry, tasks, TEXTS, SHOP, 3)

    some = scores.sample(frac=0.3, random_state=seed)
    found, every = told(some), told(scores)
    assert sorted(map(tuple, found[keys].to_numpy())) == sorted(map(tuple, some[keys].to_numpy()))
    assert len(every) == len(scores)
    again = every.merge(found[keys], on=keys)
    pd.testing.assert_frame_equal(again[found.columns], found)
    # those of another grain are none of these
    assert told(some.assign(user_id="nobody")).empty


@pytest.mark.parametrize(("population", "keys"), [(None, 1), ("is_category", 2), ("is_department", 2)])
def test_the_engine_finds_the_median_that_pandas_does(population: str | None, keys: int) -> None:
    frame = category_panel().assign(offer_id=lambda panel: panel["category_name"])
    grain = "user" if population is None else "user_category"
    panel = split_panel(frame, "category_level", "offer_id", "is_category", "is_department")
    names = [name for name in panel.feature_names if pd.api.types.is_numeric_dtype(panel.stored[name])]
    many = [*names, *(f"again_{number}" for number in range(COLUMNS_AT_A_TIME))]
    for name in many[len(names) :]:
        panel.stored[name] = panel.stored[names[0]]
    task = Task.from_seed(TASKS.assign(population_column=population), TASK)
    labels, features = tables_of(panel)
    found = typical_values(grain, labels, features)(task, many)
    rows = task.population(panel.of_split("score"))
    compared = keys_of(grain)[1:]
    by = rows.rows[compared[0]].to_numpy() if compared else np.zeros(len(rows.rows))
    expected = rows.columns(many).groupby(by).median()
    assert len(found) == keys
    np.testing.assert_array_equal(found.loc[expected.index, many].to_numpy(), expected.to_numpy())


def test_other_names_of_users_change_nothing_but_the_names() -> None:
    panel, registry = make_panel(0), champion_baseline()
    renamed = panel.assign(user_id="x" + panel["user_id"].str[::-1])
    found, again = reasons_of(panel, registry), reasons_of(renamed, registry)
    assert again["user_id"].tolist() == ("x" + found["user_id"].str[::-1]).tolist()
    pd.testing.assert_frame_equal(again.drop(columns="user_id"), found.drop(columns="user_id"))


@pytest.mark.parametrize("nothing", ["rows to score", "champion", "task"])
def test_where_nothing_is_scored_the_columns_have_their_types(nothing: str) -> None:
    panel, registry, tasks = make_panel(0), champion_baseline(), TASKS
    if nothing == "rows to score":
        panel = panel.iloc[:0]
    elif nothing == "champion":
        registry = registry.iloc[:0]
    else:
        tasks = TASKS.assign(grain="campaign")
    found = reasons_of(panel, registry, tasks=tasks)
    assert len(found) == 0
    assert found.dtypes.astype(str).to_dict() == REASON_COLUMNS


def test_a_panel_without_a_feature_of_the_estimator_is_named() -> None:
    panel = make_panel(0).drop(columns="days_since_last_order")
    with pytest.raises(ValueError, match="its panel lacks: days_since_last_order"):
        reasons_of(panel, champion_baseline())
