"""Reasons are different things, in words that hold, and add up to the score."""

from __future__ import annotations

import json
from string import Formatter

import numpy as np
import pandas as pd
import pytest
import yaml
from builds import PROJECT_FOLDER
from made_rows import SEEDS, fitted_families, make_new_rows
from panels import TASK, TASKS, make_panel
from precision_marketing.estimators import CalibratedAverage, rule_estimator
from precision_marketing.reasons import (
    REASON_COLUMNS,
    panel_reasons,
    reason_words,
    strongest_reasons,
)
from precision_marketing.stored_estimators import dump_estimator
from precision_marketing.tasks import FRAME_COLUMNS, KEY_COLUMNS, feature_frame

TEXTS = pd.read_csv(PROJECT_FOLDER / "seeds" / "reason_texts.csv")
DEPARTMENTS = pd.DataFrame({"department": ["DELI"], "department_slot": [1]})
PANELS = ["ftr_user__panel", "ftr_user_campaign__panel"]
# What a text may name beside the columns of a panel.
OWN_FIELDS = {"value", "label", "days"}


def panel_features(panel: str) -> set[str]:
    """Return the columns of a panel that estimators learn from."""
    described = yaml.safe_load(
        (PROJECT_FOLDER / "models/features/_features__models.yml").read_text()
    )
    columns = next(
        {column["name"] for column in model["columns"]}
        for model in described["models"]
        if model["name"] == panel
    )
    tasks = pd.read_csv(PROJECT_FOLDER / "seeds" / "learning_tasks.csv")
    labels = {*tasks["label_column"], *tasks["outcome_column"]}
    return columns - {*KEY_COLUMNS, *FRAME_COLUMNS, *labels}


def live_rule() -> pd.DataFrame:
    """Make a registry in which a plain rule is live."""
    panel = make_panel(0)
    features = feature_frame(panel, TASKS)[["days_since_last_order"]]
    known = panel["is_lapsed"].notna().to_numpy()
    labels = panel["is_lapsed"][known].astype(int)
    rule = rule_estimator("days_since_last_order", is_amount=False).fit(
        features[known], labels
    )
    blob = dump_estimator(CalibratedAverage([rule], [1.0], [0.0]))
    return pd.DataFrame(
        {
            "task": [TASK],
            "status": ["live"],
            "feature_names": [json.dumps(["days_since_last_order"])],
            "estimator_bytes": [bytearray(blob)],
        }
    )


def reasons_of(panel: pd.DataFrame, registry: pd.DataFrame) -> pd.DataFrame:
    """Explain a panel of grain user."""
    return panel_reasons(panel, registry, TASKS, TEXTS, DEPARTMENTS, "user", 3)


@pytest.mark.parametrize("panel", PANELS)
def test_every_feature_of_a_panel_has_a_group_and_words(panel: str) -> None:
    features = sorted(panel_features(panel))
    assert len(features) > 80
    words = reason_words(TEXTS, features, {})
    assert words.index[words["reason_text"] == ""].tolist() == []


@pytest.mark.parametrize("column", ["reason_text", "missing_text"])
def test_texts_name_columns_of_the_panel_that_they_are_about(column: str) -> None:
    for panel in PANELS:
        features = panel_features(panel)
        texts = reason_words(TEXTS, sorted(features), {})[column]
        unknown = {
            name: fields
            for name, text in texts.items()
            if (
                fields := {field for _, field, _, _ in Formatter().parse(text) if field}
                - features
                - OWN_FIELDS
            )
        }
        assert unknown == {}


def test_every_row_of_the_seed_is_about_a_feature() -> None:
    features = set.union(*map(panel_features, PANELS))
    idle = [
        name
        for name in TEXTS["feature_name"]
        if not any(
            feature == name or (name[-1] == "*" and feature.startswith(name[:-1]))
            for feature in features
        )
    ]
    assert idle == []


def test_the_longest_pattern_that_fits_is_taken() -> None:
    words = reason_words(
        TEXTS, ["order_count_28d", "order_count_trend_28d", "orders_per_day"], {}
    )
    assert words["reason_group"].tolist() == ["frequency", "trend", "frequency"]


def test_features_that_the_seed_does_not_know_go_by_their_names() -> None:
    names = ["stock_level_28d", "stock_level_91d", "shelf_width"]
    words = reason_words(TEXTS, names, {})
    assert words["reason_group"].tolist() == ["stock level"] * 2 + ["shelf width"]
    assert words["reason_label"].tolist() == [name.replace("_", " ") for name in names]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ["average", "logistic_regression"])
def test_reasons_rest_and_baseline_add_up_to_the_log_odds(name: str, seed: int) -> None:
    estimator, features = fitted_families(seed)[name], make_new_rows(seed)
    found = strongest_reasons(estimator, features, TEXTS, {}, 3)
    scores = estimator.predict_proba(features)[:, 1]
    by_row = found.groupby("row")
    total = by_row["contribution_log_odds"].sum()
    total += by_row["rest_log_odds"].first() + by_row["baseline_log_odds"].first()
    np.testing.assert_allclose(total, np.log(scores / (1 - scores)), atol=1e-9)
    for column in ("rest_log_odds", "baseline_log_odds"):
        assert (by_row[column].nunique() == 1).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_reasons_are_the_strongest_and_of_different_groups(seed: int) -> None:
    estimator, features = fitted_families(seed)["average"], make_new_rows(seed)
    found = strongest_reasons(estimator, features, TEXTS, {}, 2)
    every = strongest_reasons(estimator, features, TEXTS, {}, 99)
    assert not found.duplicated(["row", "reason_group"]).any()
    assert (every.groupby("row").size() > 2).all()
    pd.testing.assert_frame_equal(
        found.drop(columns="rest_log_odds"),
        every[every["reason_rank"] <= 2]
        .drop(columns="rest_log_odds")
        .reset_index(drop=True),
    )
    strength = every["contribution_log_odds"].abs()
    assert (strength.groupby(every["row"]).diff().dropna() <= 1e-9).all()
    # nothing but reasons is left when all are told, and the constant ones are none
    np.testing.assert_allclose(every["rest_log_odds"], 0, atol=1e-9)
    assert not every["feature_name"].str.startswith("constant").any()


def test_each_reason_says_its_direction_and_what_was_seen() -> None:
    registry, panel = live_rule(), make_panel(0)
    scored = panel["split_name"] == "score"
    panel.loc[scored, "days_since_last_order"] = np.linspace(1, 90, scored.sum())
    texts = TEXTS.assign(reason_text="order {days_since_last_order:.0f} days ago")
    found = panel_reasons(panel, registry, TASKS, texts, DEPARTMENTS, "user", 3)
    # the one feature is the one reason
    assert (found["reason_rank"] == 1).all()
    assert found["reason_text"].iloc[0] == "lowers: order 1 day ago"
    assert found["reason_text"].iloc[-1] == "raises: order 90 days ago"
    raised = found["contribution_log_odds"] > 0
    assert (found["direction"] == raised.map({True: "raises", False: "lowers"})).all()
    assert raised.is_monotonic_increasing
    assert 0 < raised.sum() < len(raised)


@pytest.mark.parametrize(
    ("reason_text", "missing_text", "said"),
    [
        ("{value:.0f} of {other:.0f}", "none", ["3 of 2", "none", "none"]),
        ("{value:.0f} of {other:.0f}", None, ["3 of 2", "units sold 28d: 4", "?"]),
        ("{value:.1%} in {days} days", "none", ["300.0% in 28 days", "400.0%", "none"]),
        ("about {not_a_column}", "none", ["units sold 28d: 3", "d: 4", "?"]),
        ("{label}: {kind}", "none", ["units sold 28d: a", "none", "28d: b"]),
    ],
)
def test_texts_are_filled_where_all_they_name_is_known(
    reason_text: str, missing_text: str | None, said: list[str]
) -> None:
    from precision_marketing.reasons import _say

    texts = pd.DataFrame(
        {
            "feature_name": ["units_*"],
            "reason_group": ["units"],
            "reason_label": ["units sold 28d"],
            "reason_text": [reason_text],
            "missing_text": [missing_text],
        }
    )
    features = pd.DataFrame(
        {
            "units_sold_28d": [3.0, 4.0, np.nan],
            "other": [2.0, np.nan, 1.0],
            "kind": ["a", "missing", "b"],
        }
    )
    words = reason_words(texts, ["units_sold_28d"], {}).loc["units_sold_28d"]
    found = _say(words, features, np.arange(3))
    for text, part in zip(found, said, strict=True):
        assert part.replace("?", "units sold 28d: not known") in text


def test_a_text_that_cannot_be_read_is_named() -> None:
    texts = TEXTS.assign(reason_text="since {value:.0f")
    with pytest.raises(
        ValueError, match=r"^Seed reason_texts: .*days_since_last_order"
    ):
        panel_reasons(make_panel(0), live_rule(), TASKS, texts, DEPARTMENTS, "user", 3)


def test_a_department_goes_by_its_name() -> None:
    labels = {"department_share_1": "DELI"}
    words = reason_words(TEXTS, ["department_share_1", "department_share_2"], labels)
    assert words["reason_label"].tolist() == ["DELI", "department"]


def test_other_names_of_users_change_nothing_but_the_names() -> None:
    panel, registry = make_panel(0), live_rule()
    renamed = panel.assign(user_id="x" + panel["user_id"].str[::-1])
    found, again = reasons_of(panel, registry), reasons_of(renamed, registry)
    assert again["user_id"].tolist() == ("x" + found["user_id"].str[::-1]).tolist()
    pd.testing.assert_frame_equal(
        again.drop(columns="user_id"), found.drop(columns="user_id")
    )


@pytest.mark.parametrize("nothing", ["rows to score", "live estimator", "task"])
def test_where_nothing_is_scored_the_columns_have_their_types(nothing: str) -> None:
    panel, registry, tasks = make_panel(0), live_rule(), TASKS
    if nothing == "rows to score":
        panel = panel.iloc[:0]
    elif nothing == "live estimator":
        registry = registry.iloc[:0]
    else:
        tasks = TASKS.assign(grain="campaign")
    found = panel_reasons(panel, registry, tasks, TEXTS, DEPARTMENTS, "user", 3)
    assert len(found) == 0
    assert found.dtypes.astype(str).to_dict() == REASON_COLUMNS


def test_a_panel_without_a_feature_of_the_estimator_is_named() -> None:
    panel = make_panel(0).drop(columns="days_since_last_order")
    with pytest.raises(ValueError, match="user panel lacks: days_since_last_order"):
        reasons_of(panel, live_rule())
