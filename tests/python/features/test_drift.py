"""Drift in SQL is drift in numpy, and a shift that was planted is flagged."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
import yaml
from support.builds import PROJECT_FOLDER, DbtRuns, package_folder
from support.learning_inputs import FEATURES, LABELS

VARS = yaml.safe_load((PROJECT_FOLDER / "dbt_project.yml").read_text())["vars"]
WATCHED = ("user", "user_offer")
KEY = ["grain", "feature_name", "as_of_date"]
SEEDS = [0, 1, 2, 3, 4]
FIRST_DATE = pd.Timestamp("2024-01-01")


def bins(values: pd.Series, baseline: pd.Series) -> np.ndarray:
    """Name the bin of each value: cuts at tenths of the baseline, or the text."""
    missing = values.isna().to_numpy()
    if values.dtype == object:
        names = values.to_numpy(dtype=object, copy=True)
    else:
        known = np.sort(baseline.dropna().to_numpy(dtype=float))
        # the least value that a tenth more do not exceed; whole numbers round safely
        ranks = [-(-len(known) * tenth // 10) - 1 for tenth in range(1, 10)]
        cuts = known[ranks] if len(known) else []
        names = np.searchsorted(cuts, values.astype(float), side="left").astype(object)
    names[missing] = "no value at all"
    return names


def stability_index(values: pd.Series, baseline: pd.Series) -> float:
    """Population stability index of values against a baseline."""
    now, before = (
        pd.Series(bins(part, baseline)).value_counts() for part in (values, baseline)
    )
    now, before = now.align(before, fill_value=0)
    least = VARS["drift_empty_bin_rows"]
    share, baseline_share = (
        np.maximum(counts, least) / counts.sum() for counts in (now, before)
    )
    return float(((share - baseline_share) * np.log(share / baseline_share)).sum())


def expected_drift(panel: pd.DataFrame, features: list[str]) -> pd.DataFrame:
    """Compute, per feature and date after the baseline, what feature_drift holds."""
    judged = panel[panel["split_name"].isin(["test", "score"])]
    is_baseline = panel["label_end_date"] <= judged["train_until_date"].min()
    rows = []
    for feature in features:
        values = panel[feature]
        if pd.api.types.is_bool_dtype(values):
            values = values.astype(float)
        elif not pd.api.types.is_numeric_dtype(values):
            values = values.astype(object).where(values.notna(), None)
        baseline = values[is_baseline]
        for date, later in values[~is_baseline].groupby(panel["as_of_date"]):
            rows.append(
                {
                    "feature_name": feature,
                    "as_of_date": date,
                    "row_count": len(later),
                    "baseline_row_count": len(baseline),
                    "stability_index": stability_index(later, baseline),
                    "missing_share": later.isna().mean(),
                    "baseline_missing_share": baseline.isna().mean(),
                }
            )
    return pd.DataFrame(rows)


def assert_same_drift(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Compare what both know, row by row, to 1e-9."""
    key = [name for name in KEY if name in expected]
    found, expected = (
        rows.sort_values(key, ignore_index=True) for rows in (found, expected)
    )
    assert len(expected)
    pd.testing.assert_frame_equal(
        found[expected.columns],
        expected,
        check_dtype=False,
        check_exact=False,
        rtol=0,
        atol=1e-9,
    )


@pytest.mark.parametrize("grain", WATCHED)
def test_feature_drift_in_sql_is_that_of_numpy(
    built: duckdb.DuckDBPyConnection, grain: str
) -> None:
    # a labels table and its features share keys alone
    features = " ".join(f"natural join features.{name}" for name in FEATURES[grain])
    panel = built.execute(f"from labels.{LABELS[grain]} {features}").df()
    lists = built.execute(
        """
        select registry.feature_names
        from evaluation.estimator_registry as registry
        inner join seeds.learning_tasks as tasks on registry.task = tasks.task
        where registry.status = 'champion' and tasks.grain = $1
        """,
        [grain],
    ).fetchall()
    features = sorted({name for (names,) in lists for name in json.loads(names)})
    found = built.execute(
        "from evaluation.feature_drift where grain = $1", [grain]
    ).df()
    assert_same_drift(found, expected_drift(panel, features))


def test_score_drift_in_sql_is_that_of_numpy(
    built: duckdb.DuckDBPyConnection,
) -> None:
    predicted = built.execute("""
        select predictions.* from evaluation.estimator_predictions as predictions
        semi join evaluation.estimator_registry as registry
            on
                predictions.task = registry.task
                and predictions.estimator_name = registry.estimator_name
                and registry.status = 'champion'
        where not predictions.is_baseline
    """).df()
    scored = built.execute("""
        select task, score, as_of_date from learning.ml_user__scores
        union all
        select task, score, as_of_date from learning.ml_user_offer__scores
        union all
        select task, score, as_of_date from learning.ml_user_category__scores
    """).df()
    expected = [
        {
            "task": task,
            "as_of_date": date,
            "row_count": len(values),
            "stability_index": stability_index(values, baseline),
        }
        for task, rows in predicted.groupby("task")
        for baseline in [rows.loc[rows["split_name"] == "validation", "prediction"]]
        for dated in [
            rows[rows["split_name"] == "test"].groupby("as_of_date")["prediction"],
            scored[scored["task"] == task].groupby("as_of_date")["score"],
        ]
        for date, values in dated
    ]
    found = built.execute("from evaluation.score_drift").df()
    assert_same_drift(
        found.sort_values(["task", "as_of_date"]),
        pd.DataFrame(expected).sort_values(["task", "as_of_date"]),
    )


def planted_panel(users: int) -> pd.DataFrame:
    """Users on six dates; on the last, features called shifted move, others do not.

    Each feature comes once per seed, so that one run of dbt serves all seeds.
    """
    dates = 6
    rows = dates * users
    date_number = np.repeat(np.arange(dates), users)
    last = date_number == dates - 1
    columns = {}
    for seed in SEEDS:
        random = np.random.default_rng(seed)
        gap, large_gap = (
            np.where(random.random(rows) < share, np.nan, 1)
            for share in (0.1, np.where(last, 0.5, 0.1))
        )
        text = random.choice(["a", "missing", None], rows)
        features = {
            "normal": random.normal(size=rows),
            "normal_shifted": random.normal(size=rows) + last,
            "count": random.poisson(0.7, rows),
            "count_shifted": random.poisson(np.where(last, 2.0, 0.7)),
            "flag": random.random(rows) < 0.3,
            "flag_shifted": random.random(rows) < np.where(last, 0.7, 0.3),
            "constant": np.full(rows, 3),
            "constant_shifted": np.where(last, 4, 3),
            "gaps": random.normal(size=rows) * gap,
            "gaps_shifted": random.normal(size=rows) * large_gap,
            "unknown": np.full(rows, np.nan),
            "unknown_shifted": np.where(last, random.normal(size=rows), np.nan),
            "text": text,
            "text_shifted": np.where(last & (random.random(rows) < 0.5), "new", text),
            # slowly: each date alone lies near the one before
            "creeping_shifted": random.normal(size=rows) + 0.3 * date_number,
        }
        columns |= {f"{name}_{seed}": values for name, values in features.items()}
    as_of_date = FIRST_DATE + pd.to_timedelta(28 * date_number, unit="D")
    splits = np.array([None, None, None, "validation", "test", "score"], dtype=object)
    panel = pd.DataFrame(columns).assign(
        user_id=[f"u{number}" for number in range(users)] * dates,
        offer_id="o",
        split_name=splits[date_number],
        as_of_date=as_of_date,
        label_end_date=as_of_date + pd.Timedelta(days=28),
    )
    panel["train_until_date"] = panel["as_of_date"].where(panel["split_name"].notna())
    return panel


def planted_features(panel: pd.DataFrame) -> list[str]:
    """Columns of a planted panel that are features."""
    return [name for name in panel.columns if name[-1].isdigit()]


def drift_of(dbt: DbtRuns, panels: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Run the two models on panels by grain, in a database that holds little else.

    All features but `normal_0` are read by a champion.
    """
    warehouse: Path = dbt.folder / "building.duckdb"
    warehouse.unlink(missing_ok=True)
    live = set(planted_features(panels["user"])) - {"normal_0"}
    tables = {
        "evaluation.estimator_registry": pd.DataFrame(
            {
                "task": ["lapse", "redeem", "redeem"],
                "status": ["champion", "champion", "challenger"],
                "feature_names": [json.dumps(sorted(live))] * 2
                + [json.dumps(["normal_0"])],
            }
        ),
        "seeds.learning_tasks": pd.DataFrame(
            {"task": ["lapse", "redeem"], "grain": list(WATCHED)}
        ),
    }
    for grain, panel in panels.items():
        features, keys = planted_features(panel), ["user_id", "offer_id", "as_of_date"]
        tables |= {
            f"labels.{LABELS[grain]}": panel.drop(columns=features),
            f"features.{FEATURES[grain][0]}": panel[[*keys, *features]],
        }
    with duckdb.connect(str(warehouse)) as connection:
        for name, table in tables.items():
            dates = [column for column in table if column.endswith("_date")]
            connection.register("made_up", table)
            connection.execute(f"create schema if not exists {name.split('.')[0]}")
            connection.execute(f"create table {name} as from made_up")
            for column in dates:
                connection.execute(f"alter table {name} alter {column} type date")
    try:
        result = dbt.run(
            "run",
            "--select=feature_bin_counts feature_drift",
            warehouse=warehouse,
            raw_folder=package_folder(),
        )
        assert result.exit_code == 0, result.output
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            return connection.execute("from evaluation.feature_drift").df()
    finally:
        # whoever builds next starts from nothing
        warehouse.unlink(missing_ok=True)


def test_a_planted_shift_is_flagged_and_nothing_else(dbt: DbtRuns) -> None:
    few = VARS["drift_min_rows"] - 1
    panels = {"user": planted_panel(400), "user_offer": planted_panel(few)}
    found = drift_of(dbt, panels)
    # what no champion reads is not watched
    features = [name for name in planted_features(panels["user"]) if name != "normal_0"]
    expected = [
        expected_drift(panel, features).assign(grain=grain)
        for grain, panel in panels.items()
    ]
    assert_same_drift(found, pd.concat(expected))

    last = found[found["as_of_date"] == found["as_of_date"].max()]
    verdicts = last.set_index(["grain", "feature_name"])["verdict"]
    shifted = verdicts.loc["user"].index.str.contains("_shifted")
    assert set(verdicts.loc["user"][shifted]) == {"drifted"}
    assert set(verdicts.loc["user"][~shifted]) == {"stable"}
    assert set(verdicts.loc["user_offer"]) == {"too few rows"}


def test_a_shop_without_history_has_no_drift(dbt: DbtRuns) -> None:
    # nobody at all, and one user on one date with nothing to compare
    panel = planted_panel(1)
    panels = {"user": panel.tail(1), "user_offer": panel.iloc[:0]}
    assert len(drift_of(dbt, panels)) == 0
