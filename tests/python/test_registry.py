"""What goes live is what was judged best, and comes back from bytes as it went in."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from collections.abc import Callable
from itertools import chain

import numpy as np
import pandas as pd
import pytest
import skops.io
from panels import RULES, SCORING_DATE, SETTINGS, TASK, TASKS, make_panel
from precision_marketing.estimators import (
    CANDIDATES,
    PLAIN_RULE,
    CalibratedAverage,
    rule_estimator,
)
from precision_marketing.intervals import INTERVAL_COLUMNS
from precision_marketing.learning import fit_candidates, training_rows
from precision_marketing.registry import (
    dump_estimator,
    judge_candidates,
    load_estimator,
    register,
)
from precision_marketing.scoring import SCORE_COLUMNS, score_panel
from precision_marketing.tasks import Task, feature_frame
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.utils import all_estimators

PANEL = make_panel(0)


@pytest.fixture(scope="module")
def fitted() -> dict[str, CalibratedAverage]:
    """Every candidate, and the fallback, with maps as if calibrated."""
    features = feature_frame(PANEL, TASKS)
    labels = Task.from_seed(TASKS, TASK).labels(PANEL)
    rows = training_rows(PANEL, features, labels, SCORING_DATE)
    found = fit_candidates(rows, SETTINGS, CANDIDATES)
    rule = rule_estimator("order_count").fit(
        rows.features[["order_count"]], rows.labels.astype(int)
    )
    found[PLAIN_RULE] = CalibratedAverage([rule], [1.0], [0.0])
    for estimator in found.values():
        estimator.slopes = [1.0 + 1 / 3 for _ in estimator.members]
        estimator.intercepts = [-0.1 for _ in estimator.members]
    return found


def entry_of(
    name: str, estimator: CalibratedAverage, feature_names: list[str]
) -> pd.DataFrame:
    """Make a registry in which one estimator is live."""
    return pd.DataFrame(
        {
            "task": [TASK],
            "estimator_name": [name],
            "estimator_version": ["0123456789ab"],
            "status": ["live"],
            "feature_names": [json.dumps(feature_names)],
            # a warehouse gives back a bytearray
            "estimator_bytes": [bytearray(dump_estimator(estimator))],
        }
    )


def validated(
    candidate: str, log_loss: float, gain_low: float, **others: str
) -> list[dict[str, object]]:
    """Intervals of one candidate, as far as they are judged."""
    shared = {
        "task": TASK,
        "estimator_name": candidate,
        "is_plain_rule": False,
        "split_name": "validation",
        "row_set": "final",
        "period": "pooled",
        **others,
    }
    gain = {
        "metric": "average_precision",
        "best_rule_name": "frequency",
        "metric_value": 0.4,
        "gain_over_rule": gain_low + 0.05,
        "gain_low": gain_low,
    }
    return [
        {**shared, **gain},
        {**shared, "metric": "log_loss", "metric_value": log_loss},
        {**shared, "metric": "auc", "metric_value": 0.7},
    ]


def intervals_of(*candidates: list[dict[str, object]]) -> pd.DataFrame:
    """Put the intervals of several candidates together."""
    return pd.DataFrame(list(chain(*candidates)), columns=list(INTERVAL_COLUMNS))


def statuses(judged: pd.DataFrame) -> dict[str, str]:
    """Return the status of each candidate."""
    return dict(zip(judged["estimator_name"], judged["status"], strict=True))


@pytest.mark.parametrize("name", [*CANDIDATES, PLAIN_RULE])
def test_bytes_and_back_give_equal_scores(
    fitted: dict[str, CalibratedAverage], name: str
) -> None:
    features = feature_frame(PANEL, TASKS)
    again = load_estimator(dump_estimator(fitted[name]))
    np.testing.assert_array_equal(
        again.predict_proba(features), fitted[name].predict_proba(features)
    )


def rewritten(blob: bytes, file_name: str, change: Callable[[bytes], bytes]) -> bytes:
    """Change the files of an archive whose names end so."""
    changed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(blob)) as archive,
        zipfile.ZipFile(changed, "w") as copy,
    ):
        for name in archive.namelist():
            content = archive.read(name)
            copy.writestr(
                name, change(content) if name.endswith(file_name) else content
            )
    return changed.getvalue()


def call_the_system(schema: bytes) -> bytes:
    """Name a function of the system where a schema names one of ours."""
    assert b"precision_marketing.estimators" in schema
    return schema.replace(b"precision_marketing.estimators", b"os").replace(
        b"signed_log", b"system"
    )


class Foreign(BaseEstimator):
    """An estimator that no registry of ours holds."""


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        pytest.param(
            lambda blob: rewritten(blob, "schema.json", call_the_system),
            r"hold types not allowed: \[.*'os\.system'.*\]\.$",
            id="a function of the system named in place of ours",
        ),
        pytest.param(
            lambda blob: rewritten(blob, ".npy", lambda content: content[:-4]),
            r"are no skops archive, or a damaged one\.$",
            id="a shortened array",
        ),
        pytest.param(
            lambda blob: blob[: len(blob) // 2],
            r"are no skops archive, or a damaged one\.$",
            id="half of it",
        ),
        pytest.param(
            lambda _: pickle.dumps({"live": "logistic_regression"}),
            r"are no skops archive, or a damaged one\.$",
            id="a pickle",
        ),
        pytest.param(
            lambda _: skops.io.dumps({"live": Foreign()}),
            r"hold types not allowed: \['test_registry\.Foreign'\]\.$",
            id="a foreign type",
        ),
        pytest.param(
            lambda _: skops.io.dumps(LogisticRegression()),
            r"hold LogisticRegression, not CalibratedAverage\.$",
            id="another estimator of scikit-learn",
        ),
    ],
)
def test_bytes_that_are_no_estimator_of_ours_are_refused(
    fitted: dict[str, CalibratedAverage],
    spoil: Callable[[bytes], bytes],
    sentence: str,
) -> None:
    blob = dump_estimator(fitted["logistic_regression"])
    with pytest.raises(ValueError, match=f"^The registry's bytes {sentence}"):
        load_estimator(spoil(blob))


def test_of_those_past_the_gate_the_least_log_loss_goes_live() -> None:
    intervals = intervals_of(
        validated("average", log_loss=0.35, gain_low=0.02),
        validated("gradient_boosting", log_loss=0.34, gain_low=0.001),
        validated("logistic_regression", log_loss=0.33, gain_low=0.0),
        validated("random_forest", log_loss=0.32, gain_low=-0.01),
    )
    assert statuses(judge_candidates(intervals, TASK)) == {
        "average": "candidate",
        "gradient_boosting": "live",
        "logistic_regression": "refused",
        "random_forest": "refused",
    }


@pytest.mark.parametrize(
    "others",
    [
        {"split_name": "test"},
        {"row_set": "all"},
        {"period": "2017-08-14"},
        {"task": "redeem"},
    ],
    ids=str,
)
def test_only_the_pooled_validation_with_final_outcomes_chooses(
    others: dict[str, str],
) -> None:
    intervals = intervals_of(
        validated("random_forest", log_loss=0.1, gain_low=0.5, **others),
        validated("average", log_loss=0.35, gain_low=0.02),
        validated("random_forest", log_loss=0.36, gain_low=0.02),
    )
    assert statuses(judge_candidates(intervals, TASK)) == {
        "average": "live",
        "random_forest": "candidate",
    }


def test_the_best_plain_rule_goes_live_where_no_candidate_beats_it() -> None:
    intervals = intervals_of(
        validated("average", log_loss=0.3, gain_low=-0.01),
        validated("random_forest", log_loss=0.3, gain_low=np.nan),
    )
    judged = judge_candidates(intervals, TASK)
    assert statuses(judged) == {
        "average": "refused",
        "random_forest": "refused",
        PLAIN_RULE: "live",
    }
    assert judged["best_rule_name"].tolist()[-1] == "frequency"


def test_the_rule_that_is_live_is_fitted_on_its_own_column() -> None:
    other = RULES.assign(rule_name="recency", column_name="days_since_last_order")
    intervals = intervals_of(validated("average", log_loss=0.3, gain_low=-0.01))
    registry = register(
        {"user": PANEL}, TASKS, pd.concat([other, RULES]), intervals, SETTINGS
    )
    live = registry[registry["status"] == "live"]
    assert live["estimator_name"].tolist() == [PLAIN_RULE]
    assert live["feature_names"].tolist() == ['["order_count"]']
    scores = score_panel(PANEL, registry, TASKS, "user")
    assert scores["score"].between(0, 1, inclusive="neither").all()


def test_the_live_candidate_alone_has_bytes() -> None:
    intervals = intervals_of(
        validated("logistic_regression", log_loss=0.3, gain_low=0.01),
        validated("random_forest", log_loss=0.4, gain_low=0.01),
    )
    registry = register({"user": PANEL}, TASKS, RULES, intervals, SETTINGS)
    assert statuses(registry) == {
        "logistic_regression": "live",
        "random_forest": "candidate",
    }
    assert registry["estimator_bytes"].notna().tolist() == [True, False]


@pytest.mark.parametrize("name", CANDIDATES)
def test_scoring_fits_nothing(
    fitted: dict[str, CalibratedAverage], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(estimator: BaseEstimator, *_: object, **__: object) -> None:
        raise AssertionError(f"{type(estimator).__name__} was fitted while scoring")

    features = feature_frame(PANEL, TASKS)
    registry = entry_of(name, fitted[name], list(features.columns))
    for class_name, estimator_class in all_estimators():
        # a calibrated classifier lists its two classes anew at each call
        if class_name == "LabelEncoder":
            continue
        for method in ("fit", "fit_transform", "fit_predict", "partial_fit"):
            if hasattr(estimator_class, method):
                monkeypatch.setattr(estimator_class, method, refuse)
    scores = score_panel(PANEL, registry, TASKS, "user")
    assert list(scores.columns) == list(SCORE_COLUMNS)
    shown = (PANEL["split_name"] == "score").to_numpy()
    np.testing.assert_array_equal(
        scores["score"], fitted[name].predict_proba(features[shown])[:, 1]
    )


def test_a_feature_missing_at_scoring_is_named(
    fitted: dict[str, CalibratedAverage],
) -> None:
    names = list(feature_frame(PANEL, TASKS).columns)
    registry = entry_of("average", fitted["average"], names)
    with pytest.raises(
        ValueError,
        match=r"^The live estimator of lapse_28d needs features that the user panel"
        r" lacks: order_count, segment_name\. Build again with training included\.$",
    ):
        score_panel(
            PANEL.drop(columns=["segment_name", "order_count"]), registry, TASKS, "user"
        )


def test_a_feature_that_came_later_is_not_read(
    fitted: dict[str, CalibratedAverage],
) -> None:
    names = list(feature_frame(PANEL, TASKS).columns)
    registry = entry_of("average", fitted["average"], names)
    pd.testing.assert_frame_equal(
        score_panel(PANEL.assign(newer=1.0), registry, TASKS, "user"),
        score_panel(PANEL, registry, TASKS, "user"),
    )
