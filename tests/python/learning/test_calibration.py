"""A calibration map goes into service only if it beat no map on later dates."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from precision_marketing.champions.registry import FORMER_COLUMNS, register
from precision_marketing.estimators import calibration
from precision_marketing.estimators.calibration import (
    LEAVE_AS_IT_IS,
    NO_MAP,
    InnerDate,
    choose_calibration,
    inner_dates,
)
from precision_marketing.estimators.fitting import TaskRows
from precision_marketing.estimators.tasks import Task
from precision_marketing.evaluation.backtest import validate
from scipy.special import expit
from support.panels import (
    BASELINES,
    ONE_TASK,
    PINS,
    SETTINGS,
    STEP,
    TASK,
    VALIDATION_DATE,
    frame_of,
    make_panel,
    split_panel,
)

FAMILY = "logistic_regression"
NO_ROWS = pd.DataFrame({"is_outcome_final": pd.Series(dtype=bool), "estimator_name": [], "as_of_date": []})
LAPSE = Task.from_seed(ONE_TASK, TASK)


def seasons(surprises: list[float], *, steepness: float = 1.0, seed: int = 0) -> list[InnerDate]:
    """Draw dates on which log-odds are predicted too high by so much, and too flat."""
    random = np.random.default_rng(seed)
    dates = []
    for surprise in surprises:
        log_odds = random.normal(-1, 1.5, 4000)
        outcome = (random.random(4000) < expit(log_odds)).astype(float)
        dates.append(InnerDate(outcome, [expit(steepness * log_odds + surprise)]))
    return dates


def chosen(monkeypatch: pytest.MonkeyPatch, dates: list[InnerDate]) -> calibration.Calibration:
    """Choose by made dates."""
    monkeypatch.setattr(calibration, "inner_dates", lambda *_: dates)
    rows = TaskRows.of(LAPSE, split_panel(make_panel(0)))
    return choose_calibration(FAMILY, rows, NO_ROWS, SETTINGS)


@pytest.mark.parametrize(
    "surprises",
    [
        pytest.param([0.0] * 6, id="calibrated"),
        pytest.param([0.4, -0.4, 0.4, -0.4, 0.4, -0.4], id="seasons that turn"),
        # the last two of three would take the map: it gains in the mean, by one season
        pytest.param([0.4, 0.5, -0.1, 0.1, 0.5], id="luck of some seasons"),
        pytest.param([0.5, 0.5, 0.5], id="too few dates"),
        pytest.param([0.5], id="one date"),
        pytest.param([], id="no date"),
    ],
)
def test_no_map_is_in_service_that_does_not_beat_none_beyond_chance(
    monkeypatch: pytest.MonkeyPatch, surprises: list[float]
) -> None:
    found = chosen(monkeypatch, seasons(surprises))
    assert (found.name, found.maps) == (NO_MAP, [LEAVE_AS_IT_IS])
    assert found.date_count == max(len(surprises) - 1, 0)


@pytest.mark.parametrize("seed", range(3))
def test_a_bias_that_stays_is_taken_away_by_the_simplest_map(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    found = chosen(monkeypatch, seasons([0.5] * 5, seed=seed))
    assert found.name != NO_MAP
    (slope, intercept), (mean, low) = found.maps[0], found.gains[found.name]
    assert slope == pytest.approx(1, abs=0.1)
    # half of it: the share of a surprise that is kept
    assert intercept == pytest.approx(-0.25, abs=0.06)
    assert mean > low > 0


def test_slopes_that_stay_wrong_are_mended_where_a_shift_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    found = chosen(monkeypatch, seasons([0.0] * 5, steepness=0.5))
    assert found.name == "platt"
    assert found.maps[0][0] == pytest.approx(2, abs=0.15)


def test_a_map_is_compared_on_dates_later_than_those_it_is_learnt_on(monkeypatch: pytest.MonkeyPatch) -> None:
    dates = seasons([0.5] * 5)
    learnt = []
    plain = calibration._maps
    monkeypatch.setattr(calibration, "_maps", lambda kind, own, to: learnt.append(len(own)) or plain(kind, own, to))
    chosen(monkeypatch, dates)
    assert learnt[:-1] == [number for number in range(1, 5) for _ in calibration.MAPS]
    assert learnt[-1] == len(dates)


@pytest.mark.parametrize("seed", range(3))
def test_inner_dates_lie_before_the_test_and_their_windows_do_not_overlap(seed: int) -> None:
    panel = make_panel(seed, user_count=60)
    # a date between two others, whose window runs into the next
    between = panel[panel["as_of_date"] == VALIDATION_DATE - STEP].copy()
    between[["as_of_date", "label_end_date"]] += STEP / 2
    panel = pd.concat([panel, between]).sort_values(["as_of_date", "first_order_id"], ignore_index=True)
    panels = {"user": split_panel(panel)}
    rows = TaskRows.of(LAPSE, panels["user"])
    validation = frame_of(validate(panels, ONE_TASK, BASELINES, SETTINGS))

    found = inner_dates("average", rows, validation, SETTINGS)

    # the first date has nothing to learn from
    assert len(found) == 4
    own = validation[(validation["estimator_name"] == FAMILY) & (validation["as_of_date"] == VALIDATION_DATE)]
    np.testing.assert_array_equal(found[-1].probabilities[0], own["prediction"])
    for number, date in enumerate(found[:-1], start=1):
        labels = rows.labels[(rows.panel.rows["as_of_date"] == VALIDATION_DATE - (4 - number) * STEP).to_numpy()]
        np.testing.assert_array_equal(date.outcome, labels)
    # what is known later moves none of them
    later = panel["as_of_date"] > VALIDATION_DATE
    changed = TaskRows.of(LAPSE, split_panel(panel.assign(is_lapsed=panel["is_lapsed"].mask(later, True))))
    for before, after in zip(found, inner_dates("average", changed, validation, SETTINGS), strict=True):
        np.testing.assert_array_equal(before.probabilities, after.probabilities)


def test_the_registry_says_which_map_was_chosen_and_by_how_much() -> None:
    panels = {"user": split_panel(make_panel(0, user_count=60))}
    validation = frame_of(validate(panels, ONE_TASK, BASELINES, SETTINGS))
    former = pd.DataFrame(columns=list(FORMER_COLUMNS)).astype(FORMER_COLUMNS)
    registry = register(panels, ONE_TASK, BASELINES, PINS, validation, former, SETTINGS)
    fitted = registry[registry["estimator_bytes"].notna()]
    told = [json.loads(each) for each in fitted["parameters"]]
    assert {each["calibration_map"] for each in told} <= {NO_MAP, *calibration.MAPS}
    assert {each["calibration_date_count"] for each in told} == {3}
    assert all(set(each["calibration_gains"]) == set(calibration.MAPS) for each in told)
    for each in told:
        is_plain = each["calibration_slopes"] == [1.0] * len(each["members"])
        assert is_plain or each["calibration_map"] == "platt"
