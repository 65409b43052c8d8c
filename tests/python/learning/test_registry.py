"""What goes live is what was judged best, and comes back from bytes as it went in."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import skops.io
from precision_marketing.champions.choice import judge_candidates
from precision_marketing.champions.registry import FORMER_COLUMNS, REGISTRY_COLUMNS, register
from precision_marketing.common.frames import Panel
from precision_marketing.estimators.families import AVERAGE, BASELINE, CLASSIFIERS, CalibratedAverage, fit_baseline
from precision_marketing.estimators.fitting import TaskRows, combined, fit_families
from precision_marketing.estimators.scoring import SCORE_COLUMNS
from precision_marketing.estimators.stored import dump_estimator, load_estimator
from precision_marketing.estimators.tasks import Task
from precision_marketing.evaluation.backtest import predict_tests, validate
from precision_marketing.evaluation.importance import feature_importance
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.utils import all_estimators
from support.panels import (
    AMOUNT_TASK,
    BASELINES,
    ONE_TASK,
    PINS,
    SCORING_DATE,
    SETTINGS,
    TASK,
    TASKS,
    frame_of,
    make_panel,
    score_panel,
    split_panel,
)

FRAME = make_panel(0)
PANEL = split_panel(FRAME)
CANDIDATES = (*CLASSIFIERS, AVERAGE)
NO_FORMER = pd.DataFrame(columns=list(FORMER_COLUMNS)).astype(FORMER_COLUMNS)
LAPSE = Task.from_seed(TASKS, TASK)


@pytest.fixture(scope="module")
def fitted() -> dict[str, CalibratedAverage]:
    """Every candidate, and the fallback, with maps as if calibrated."""
    rows = TaskRows.of(LAPSE, PANEL).closed_by(SCORING_DATE)
    members = fit_families(rows, SETTINGS, CLASSIFIERS)
    baseline = fit_baseline(rows.features[["order_count"]], rows.labels, is_amount=False)
    made_of = {name: [member] for name, member in members.items()}
    made_of |= {AVERAGE: list(members.values()), BASELINE: [baseline]}
    return {name: combined(own, [(1.0 + 1 / 3, -0.1)] * len(own), is_amount=False) for name, own in made_of.items()}


def entry_of(name: str, estimator: CalibratedAverage, feature_names: list[str]) -> pd.DataFrame:
    """Make a registry in which one estimator is live."""
    return pd.DataFrame(
        {
            "task": [TASK],
            "estimator_name": [name],
            "estimator_version": ["0123456789ab"],
            "status": ["champion"],
            "feature_names": [json.dumps(feature_names)],
            # a warehouse gives back a bytearray
            "estimator_bytes": [bytearray(dump_estimator(estimator))],
        }
    )


def validated(noise: dict[str, float], baseline_noise: float = 2.0, users: int = 800) -> pd.DataFrame:
    """Predict by candidates whose log-odds are off by so much, and by a baseline."""
    random = np.random.default_rng(3)
    truth = random.normal(-1, 2, users)
    outcome = (random.random(users) < 1 / (1 + np.exp(-truth))).astype(float)
    shared = random.normal(size=users)
    parts = []
    for name, scale in {**noise, "frequency": baseline_noise}.items():
        own = truth + scale * (0.7 * shared + random.normal(size=users))
        parts.append(
            pd.DataFrame(
                {
                    "task": TASK,
                    "estimator_name": name,
                    "is_baseline": name == "frequency",
                    "split_name": "validation",
                    "campaign_id": None,
                    "category_name": None,
                    "product_id": None,
                    "first_order_id": [f"o{number:04}" for number in range(users)],
                    "outcome": outcome,
                    "is_outcome_final": True,
                    "prediction": 1 / (1 + np.exp(-own)),
                    "as_of_date": pd.Timestamp("2024-05-01"),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def judge(predictions: pd.DataFrame, incumbent: str | None = None) -> dict[str, str]:
    """Return the status of each candidate."""
    judged = judge_candidates(LAPSE, predictions, incumbent, SETTINGS)
    return dict(zip(judged["estimator_name"], judged["status"], strict=True))


def learn(
    former: pd.DataFrame = NO_FORMER,
    pins: pd.DataFrame = PINS,
    panel: Panel = PANEL,
    tasks: pd.DataFrame = ONE_TASK,
    predictions: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Register what the panel's validation chooses."""
    panels = {"user": panel}
    if predictions is None:
        predictions = frame_of(validate(panels, tasks, BASELINES, SETTINGS))
    return register(panels, tasks, BASELINES, pins, predictions, former, SETTINGS)


@pytest.mark.parametrize("name", [*CANDIDATES, BASELINE])
def test_bytes_and_back_give_equal_scores(fitted: dict[str, CalibratedAverage], name: str) -> None:
    features = PANEL.features
    again = load_estimator(dump_estimator(fitted[name]))
    np.testing.assert_array_equal(again.predict_proba(features), fitted[name].predict_proba(features))


def rewritten(blob: bytes, file_name: str, change: Callable[[bytes], bytes]) -> bytes:
    """Change the files of an archive whose names end so."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(blob)) as archive, zipfile.ZipFile(changed, "w") as copy:
        for name in archive.namelist():
            content = archive.read(name)
            copy.writestr(name, change(content) if name.endswith(file_name) else content)
    return changed.getvalue()


def call_the_system(schema: bytes) -> bytes:
    """Name a function of the system where a schema names one of ours."""
    assert b"precision_marketing.estimators" in schema
    return schema.replace(b"precision_marketing.estimators", b"os").replace(b"signed_log", b"system")


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
            r"are not a valid skops archive\.$",
            id="a shortened array",
        ),
        pytest.param(lambda blob: blob[: len(blob) // 2], r"are not a valid skops archive\.$", id="half of it"),
        pytest.param(
            lambda _: pickle.dumps({"champion": "logistic_regression"}),
            r"are not a valid skops archive\.$",
            id="a pickle",
        ),
        pytest.param(
            lambda _: skops.io.dumps({"champion": Foreign()}),
            r"hold types not allowed: \['test_registry\.Foreign'\]\.$",
            id="a foreign type",
        ),
        pytest.param(
            lambda _: skops.io.dumps(LogisticRegression()),
            r"hold LogisticRegression, not an estimator of this project\.$",
            id="another estimator of scikit-learn",
        ),
    ],
)
def test_bytes_that_are_no_estimator_of_ours_are_refused(
    fitted: dict[str, CalibratedAverage], spoil: Callable[[bytes], bytes], sentence: str
) -> None:
    blob = dump_estimator(fitted["logistic_regression"])
    with pytest.raises(ValueError, match=f"^The registry's bytes {sentence}"):
        load_estimator(spoil(blob))


def test_of_those_past_the_gate_the_least_log_loss_goes_live() -> None:
    noise = {"average": 0.3, "gradient_boosting": 1.2, "logistic_regression": 3.0, "random_forest": 6.0}
    assert judge(validated(noise)) == {
        "average": "champion",
        "gradient_boosting": "challenger",
        "logistic_regression": "refused",
        "random_forest": "refused",
    }


def test_of_those_that_tie_the_incumbent_stays() -> None:
    tie = validated({"average": 0.30, "gradient_boosting": 0.31})
    assert judge(tie, incumbent="gradient_boosting")["gradient_boosting"] == "champion"
    assert judge(tie, incumbent="average")["average"] == "champion"


def test_an_incumbent_that_is_worse_beyond_chance_goes() -> None:
    worse = validated({"average": 0.2, "gradient_boosting": 1.2})
    assert judge(worse, incumbent="gradient_boosting") == {"average": "champion", "gradient_boosting": "challenger"}


def test_an_incumbent_that_no_longer_beats_the_baseline_goes() -> None:
    refused = validated({"average": 0.2, "gradient_boosting": 6.0})
    assert judge(refused, incumbent="gradient_boosting") == {"average": "champion", "gradient_boosting": "refused"}


@pytest.mark.parametrize("others", [{"split_name": "backtest"}, {"is_outcome_final": False}], ids=str)
def test_only_final_outcomes_of_the_validation_choose(others: dict[str, object]) -> None:
    counted = validated({"average": 0.3, "random_forest": 3.0})
    ignored = validated({"average": 6.0, "random_forest": 0.1}).assign(**others)
    both = pd.concat([counted, ignored], ignore_index=True)
    assert judge(both) == judge(counted)


def test_the_best_baseline_goes_live_where_no_candidate_beats_it() -> None:
    predictions = validated({"average": 3.0, "random_forest": 4.0}, baseline_noise=0.1)
    assert judge(predictions) == {"average": "refused", "random_forest": "refused", BASELINE: "champion"}
    judged = judge_candidates(LAPSE, predictions, None, SETTINGS)
    assert judged["best_baseline_name"].tolist()[-1] == "frequency"


@pytest.mark.parametrize("patterns", ["*", "days_*"])
def test_the_baseline_in_service_predicts_from_its_own_column(patterns: str) -> None:
    # whether families learn from that column, too, or not
    tasks = ONE_TASK.assign(feature_patterns=patterns)
    predictions = validated({"average": 3.0}, baseline_noise=0.1)
    registry = learn(tasks=tasks, predictions=predictions)
    live = registry[registry["status"] == "champion"]
    assert live["estimator_name"].tolist() == [BASELINE]
    assert live["feature_names"].tolist() == ['["order_count"]']
    scores = score_panel(PANEL, registry, tasks, "user")
    assert scores["score"].between(0, 1, inclusive="neither").all()
    panels = {"user": PANEL}
    tested = frame_of(predict_tests(panels, tasks, BASELINES, predictions, registry, SETTINGS))
    own = tested[tested["estimator_name"] == BASELINE]
    assert own["prediction"].between(0, 1, inclusive="neither").all()
    assert len(own) == (PANEL.rows["split_name"] == "test").sum()
    importance = feature_importance(panels, tasks, registry, SETTINGS)
    assert importance["feature_name"].tolist() == ["order_count"]


def test_the_live_candidate_alone_has_bytes_now_and_as_judged() -> None:
    registry = learn()
    has_bytes = registry["estimator_bytes"].notna()
    assert set(registry.loc[has_bytes, "status"]) == {"champion", "judged"}
    assert has_bytes.tolist() == registry["estimator_version"].notna().tolist()
    judged = registry[registry["status"] == "judged"]
    live = registry[registry["status"] == "champion"].iloc[0]
    assert set(judged["estimator_name"]) == {live["estimator_name"]}
    assert (judged["train_until_date"] < live["train_until_date"]).all()


def test_an_amount_is_registered_and_scored() -> None:
    tasks = TASKS[TASKS["task"] == AMOUNT_TASK]
    panel = split_panel(make_panel(0, user_count=150))
    registry = learn(panel=panel, tasks=tasks)
    scores = score_panel(panel, registry, tasks, "user")
    assert len(scores) == 150
    assert (scores["score"] >= 0).all()
    assert scores["score"].max() > 1


def wholesale_panel(seed: int) -> pd.DataFrame:
    """Make a shop of few buyers, of whom some spend a thousand times what others do."""
    random = np.random.default_rng(seed)
    frame = make_panel(seed, user_count=120)
    usual = np.tile(random.lognormal(5, 1.8, 120), len(frame) // 120)
    bought, before = (usual * random.lognormal(0, 0.6, len(frame)) * (random.random(len(frame)) < 0.7) for _ in "ab")
    # a return now and then outweighs what was bought
    frame["amount_ahead"] = np.where(random.random(len(frame)) < 0.01, -bought, bought)
    frame["net_amount_28d"] = np.where(random.random(len(frame)) < 0.01, -before, before)
    frame["median_block_amount"] = np.where(random.random(len(frame)) < 0.1, np.nan, 0.8 * usual)
    return frame


@pytest.mark.parametrize("seed", range(4))
def test_an_amount_never_goes_into_service_below_its_own_baseline(seed: int) -> None:
    tasks = TASKS[TASKS["task"] == AMOUNT_TASK]
    panels = {"user": split_panel(wholesale_panel(seed))}
    columns = {"carry_over": "net_amount_28d", "usual_block": "median_block_amount"}
    baselines = pd.DataFrame(
        {"task": AMOUNT_TASK, "baseline_name": columns.keys(), "column_name": columns.values(), "direction": 1}
    )

    validation = frame_of(validate(panels, tasks, baselines, SETTINGS))
    registry = register(panels, tasks, baselines, PINS, validation, NO_FORMER, SETTINGS)
    test = frame_of(predict_tests(panels, tasks, baselines, validation, registry, SETTINGS))

    live = registry.loc[registry["status"] == "champion", "estimator_name"].item()
    errors = (test["prediction"] - test["outcome"]).pow(2).groupby(test["estimator_name"]).mean()
    best = registry["best_baseline_name"].dropna().iloc[0]
    assert errors[live] <= errors[best] * (1 + 1e-9)
    if live == BASELINE:
        # what is scored is the baseline itself
        scored = score_panel(panels["user"], registry, tasks, "user")["score"]
        rows = panels["user"].of_split("score")
        expected = rows.features[columns[best]].fillna(0).clip(lower=0)
        np.testing.assert_allclose(scored, expected, rtol=1e-9, atol=1e-6)


def test_versions_that_were_live_are_kept_and_can_be_pinned() -> None:
    first = learn()
    version = first.loc[first["status"] == "champion", "estimator_version"].iloc[0]
    later_panel = split_panel(make_panel(1))
    second = learn(former=first, panel=later_panel)
    assert second.loc[second["status"] == "retired", "estimator_version"].tolist() == [version]
    pins = pd.DataFrame({"task": [TASK], "estimator_version": [version]})
    third = learn(former=second, pins=pins, panel=later_panel)
    live = third[third["status"] == "champion"]
    assert live["estimator_version"].tolist() == [version]
    assert live["status_reason"].tolist() == ["pinned by seed estimator_pins"]
    # what is pinned scores as it did when it was chosen
    pd.testing.assert_frame_equal(
        score_panel(PANEL, third, ONE_TASK, "user"), score_panel(PANEL, first, ONE_TASK, "user")
    )


def test_no_more_versions_are_kept_than_the_var_says() -> None:
    registry = learn()
    for seed in range(1, 5):
        registry = learn(former=registry, panel=split_panel(make_panel(seed)))
    assert (registry["status"] == "retired").sum() == SETTINGS.versions_kept
    assert dict(registry.dtypes.astype(str)) == REGISTRY_COLUMNS


def test_a_pin_that_names_no_version_kept_is_refused() -> None:
    pins = pd.DataFrame({"task": [TASK], "estimator_version": ["feedbeef0000"]})
    with pytest.raises(
        ValueError,
        match=r"^Seed estimator_pins, task lapse_28d: version 'feedbeef0000' is not in "
        r"the registry\. Versions kept: [0-9a-f]{12}\.$",
    ):
        learn(pins=pins)


def test_the_same_data_give_the_same_version_and_scores() -> None:
    # frozen: whoever changes what is learnt changes the version with it
    first, again = learn(), learn()
    columns = [name for name in REGISTRY_COLUMNS if name != "estimator_bytes"]
    pd.testing.assert_frame_equal(first[columns], again[columns])
    scores = score_panel(PANEL, first, ONE_TASK, "user")
    pd.testing.assert_frame_equal(scores, score_panel(PANEL, again, ONE_TASK, "user"))


@pytest.mark.parametrize("name", CANDIDATES)
def test_scoring_fits_nothing(fitted: dict[str, CalibratedAverage], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(estimator: BaseEstimator, *_: object, **__: object) -> None:
        raise AssertionError(f"{type(estimator).__name__} was fitted while scoring")

    features = PANEL.features
    registry = entry_of(name, fitted[name], list(features.columns))
    for class_name, estimator_class in all_estimators():
        # a calibrated classifier lists its two classes anew at each call
        if class_name == "LabelEncoder":
            continue
        for method in ("fit", "fit_transform", "fit_predict", "partial_fit"):
            if hasattr(estimator_class, method):
                monkeypatch.setattr(estimator_class, method, refuse)
    scores = score_panel(PANEL, registry, ONE_TASK, "user")
    assert list(scores.columns) == list(SCORE_COLUMNS)
    shown = (FRAME["split_name"] == "score").to_numpy()
    np.testing.assert_array_equal(scores["score"], fitted[name].predict_proba(features[shown])[:, 1])


def test_a_feature_missing_at_scoring_is_named(fitted: dict[str, CalibratedAverage]) -> None:
    names = list(PANEL.features)
    registry = entry_of(AVERAGE, fitted[AVERAGE], names)
    with pytest.raises(
        ValueError,
        match=r"^The champion of lapse_28d needs features that its panel"
        r" lacks: order_count, segment_name\. Build again with training included\.$",
    ):
        score_panel(split_panel(FRAME.drop(columns=["segment_name", "order_count"])), registry, ONE_TASK, "user")


def test_a_feature_that_came_later_is_not_read(fitted: dict[str, CalibratedAverage]) -> None:
    names = list(PANEL.features)
    registry = entry_of(AVERAGE, fitted[AVERAGE], names)
    pd.testing.assert_frame_equal(
        score_panel(split_panel(FRAME.assign(newer=1.0)), registry, ONE_TASK, "user"),
        score_panel(PANEL, registry, ONE_TASK, "user"),
    )
