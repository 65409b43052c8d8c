"""Reasons are sentences in both languages, what speaks for the decision first."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from precision_marketing.common.frames import Panel
from precision_marketing.explanations.reasons import in_words, strongest_reasons
from precision_marketing.explanations.sentences import CHINESE, ENGLISH, TEXT_COLUMNS, Seen, _fields, reason_words, say
from support.made_rows import SEEDS, fitted_amounts, fitted_families, make_new_rows
from support.panels import AMOUNT_TASK, make_panel
from test_reasons import TEXTS, champion_baseline, groups_of, reasons_of

SPEND = {
    "feature_name": "net_amount_28d",
    "reason_group": "spend",
    "reason_text": "Spent {value:money} in 28 days[, usually {median:money}].",
    "missing_text": "Spent nothing known.",
    "reason_text_zh": "消费{value:money}[，平时{median:money}]。",
    "missing_text_zh": "消费未知。",
}
ORDERS = {
    "feature_name": "order_count_*",
    "reason_group": "orders",
    "reason_text": "Placed {value:.0f} orders in {days} days[, not {typical:.0f}].",
    "missing_text": None,
    "reason_text_zh": "近{days}天有{value:.0f}单[，一般客户{typical:.0f}单]。",
    "missing_text_zh": None,
}
VALUES = pd.DataFrame(
    {
        "net_amount_28d": [177.4, 1234.0, 3.5, np.nan],
        "median": [72.0, np.nan, 1.0, 72.0],
        "order_count_7d": [0.0, 1.0, 3.0, np.nan],
        "kind": ["a", "missing", "b", "a"],
    }
)


def said(text: dict[str, str], name: str, language: object, currency: str) -> list[str]:
    """Say a feature of `VALUES`, of which rows 0 and 1 are compared, and 2 and 3."""
    keys = np.array(["one", "one", "two", "two"])
    medians = VALUES.groupby(keys).median(numeric_only=True)
    words = reason_words(pd.DataFrame([text]), [name], {}).loc[name]
    seen = Seen(VALUES, medians, keys, currency)
    return say(words, seen, np.arange(len(VALUES)), language).tolist()


@pytest.mark.parametrize("column", TEXT_COLUMNS)
def test_every_text_of_the_seed_is_a_sentence(column: str) -> None:
    end = "。" if column.endswith("_zh") else "."
    for text in TEXTS[column].dropna():
        assert text.endswith(end), text
        # nothing left to decode, nothing that ends early, no space between characters
        assert not re.search(r"[;；]|: |：|\w\. |。.|\+|，\s", text), text
        if end == ".":
            assert re.match(r"[A-Z]", text), text


def test_both_languages_say_the_same() -> None:
    assert (TEXTS["missing_text"].isna() == TEXTS["missing_text_zh"].isna()).all()
    for row in TEXTS.fillna("").itertuples():
        assert {*_fields(row.reason_text)} == {*_fields(row.reason_text_zh)}, row
        assert {*_fields(row.missing_text)} == {*_fields(row.missing_text_zh)}, row
        for sign in "[|]":
            assert row.reason_text.count(sign) == row.reason_text_zh.count(sign), row


def test_the_usual_value_stands_beside_where_it_is_known() -> None:
    assert said(SPEND, "net_amount_28d", ENGLISH, "CHF") == [
        "Spent 177 CHF in 28 days, usually 72 CHF.",
        "Spent 1,234 CHF in 28 days.",
        "Spent 3.50 CHF in 28 days, usually 1.00 CHF.",
        "Spent nothing known.",
    ]


def test_where_the_own_usual_value_is_unknown_a_typical_one_is_named() -> None:
    other = "[, usually {median:money}|, others {typical:money}]."
    text = SPEND | {"reason_text": "Spent {value:money}" + other}
    found = said(text, "net_amount_28d", ENGLISH, "EUR")
    assert found[:2] == ["Spent 177 EUR, usually 72 EUR.", "Spent 1,234 EUR, others 706 EUR."]
    # and where the panel has no such column
    text["reason_text"] = text["reason_text"].replace("{median", "{not_there")
    found = said(text, "net_amount_28d", ENGLISH, "EUR")
    assert found[0] == "Spent 177 EUR, others 706 EUR."


def test_money_carries_the_shops_currency_in_the_words_of_the_language() -> None:
    assert [said(SPEND, "net_amount_28d", CHINESE, currency)[0] for currency in ("CNY", "USD", "CHF", "")] == [
        "消费177元，平时72元。",
        "消费177美元，平时72美元。",
        "消费177 CHF，平时72 CHF。",
        "消费177，平时72。",
    ]
    assert said(SPEND, "net_amount_28d", ENGLISH, "")[1] == "Spent 1,234 in 28 days."


def test_typical_is_the_median_of_those_compared() -> None:
    # medians 0.5, which is said as 0, and 3
    assert said(ORDERS, "order_count_7d", ENGLISH, "") == [
        "Placed no orders in 7 days, like a typical customer.",
        "Placed 1 order in 7 days, not 0.",
        "Placed 3 orders in 7 days, like a typical customer.",
        "Has no known order count 7d.",
    ]
    assert said(ORDERS, "order_count_7d", CHINESE, "") == [
        "近7天没有一单，与一般客户相当。",
        "近7天有1单，一般客户0单。",
        "近7天有3单，与一般客户相当。",
        "“order count 7d”未知。",
    ]


def test_a_trend_is_told_by_its_two_amounts() -> None:
    words = reason_words(TEXTS, ["order_count_trend_28d"], {}).iloc[0]
    values = pd.DataFrame({"order_count_28d": [9.0], "order_count_trend_28d": [-3.0]})
    seen = Seen(values, values, np.zeros(1), "")
    assert say(words, seen, np.zeros(1, int), ENGLISH).tolist() == [
        "Placed 9 orders in the last 28 days, compared with 12 in the 28 days before."
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("order_count_7d", "Has 3 as order count 7d, like a typical customer."), ("kind", "Has b as kind.")],
)
@pytest.mark.parametrize("text", ["", "About {not_a_column}."])
def test_a_feature_without_a_text_goes_by_its_name(text: str, name: str, expected: str) -> None:
    other = {**ORDERS, "feature_name": name, "reason_text": text, "missing_text": ""}
    assert said(other, name, ENGLISH, "")[2] == expected


def test_a_typical_customer_is_one_of_all_that_are_scored() -> None:
    features = pd.DataFrame({"order_count_7d": [5.0], "kind": ["a"]})
    explained = Panel(pd.DataFrame({"category_name": ["milk"]}), features)
    found = pd.DataFrame({"feature_name": ["order_count_7d"], "row": [0]})
    words = reason_words(pd.DataFrame([ORDERS]), ["order_count_7d", "kind"], {})

    def typical(names: list[str]) -> pd.DataFrame:
        # what no text names is not looked for
        assert names == ["order_count_7d"]
        return pd.DataFrame({"order_count_7d": [8.0, 3.0]}, ["soup", "milk"])

    said = in_words(found, words, explained, typical, "user_category", "")
    assert said["reason_text"].tolist() == ["Placed 5 orders in 7 days, not 3."]


FAMILIES = [
    (fitted_families, "average"),
    (fitted_families, "logistic_regression"),
    (fitted_amounts, "average"),
    (fitted_amounts, "gradient_boosting"),
]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("fitted", "name"), FAMILIES)
@pytest.mark.parametrize("count", [1, 2, 3])
def test_what_raises_comes_first_where_a_contact_rests_on_it(
    count: int, fitted: Callable, name: str, seed: int
) -> None:
    estimator, features = fitted(seed)[name], make_new_rows(seed)
    groups = groups_of(features)
    found = strongest_reasons(estimator, features, groups, count, raises_first=True)
    every = strongest_reasons(estimator, features, groups, 99, raises_first=True)
    first = found[found["reason_rank"] == 1].set_index("row")
    raised = every[every["contribution"] > 0].groupby("row")["contribution"]
    assert 0 < len(raised) <= len(first) == len(features)
    # the strongest that raises, of all groups, and never one against it beside that
    pd.testing.assert_series_equal(first["contribution"].loc[raised.max().index], raised.max(), check_names=False)
    others = first.drop(index=raised.max().index)
    assert (others["direction"] == "lowers").all()
    assert (others["raising_group_count"] == 0).all()
    counted = raised.size().reindex(first.index, fill_value=0)
    assert (first["raising_group_count"] == counted).all()
    # then what lowers, each direction by its strength
    signed = found.groupby("row")["contribution"]
    assert (signed.apply(lambda row: (np.sign(row).diff().dropna() <= 0).all())).all()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("fitted", "name"), FAMILIES)
@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_high_score_starts_with_what_raises_it_and_a_low_one_with_what_lowers(
    count: int, fitted: Callable, name: str, seed: int
) -> None:
    estimator, features = fitted(seed)[name], make_new_rows(seed)
    groups = groups_of(features)
    found = strongest_reasons(estimator, features, groups, count, raises_first=False)
    by_row = found.groupby("row")
    moved = by_row["contribution"].sum() + by_row["rest"].first()
    first = found[found["reason_rank"] == 1].set_index("row")["contribution"]
    assert (np.sign(first) == np.sign(moved)).all()
    # a decision that rests on the score finds what raises it, if anything does
    if count > 1:
        raised = found[found["direction"] == "raises"]["row"].unique()
        could = found[found["raising_group_count"] > 0]["row"].unique()
        assert set(raised) == set(could)


def test_amounts_are_said_in_both_languages() -> None:
    registry = pd.concat([champion_baseline(), champion_baseline(AMOUNT_TASK)])
    found = reasons_of(make_panel(0), registry)
    english = r"Last ordered (no|\d+) days? ago, (compared with|like) .* customer\."
    assert found["reason_text"].str.fullmatch(english).all()
    assert found["reason_text_zh"].str.fullmatch(r"上次下单距今\d+天，.*。").all()
