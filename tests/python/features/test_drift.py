"""Drift in SQL is drift in numpy; a planted shift rings, its likenesses do not."""

from __future__ import annotations

import json

import duckdb
import numpy as np
import pandas as pd
import yaml
from support.builds import PROJECT_FOLDER, DbtRuns, package_folder

VARS = yaml.safe_load((PROJECT_FOLDER / "dbt_project.yml").read_text())["vars"]
SEEDS = [0, 1, 2, 3, 4]
FIRST_DATE = pd.Timestamp("2024-01-01")
MONTH, YEAR = pd.Timedelta(days=28), pd.Timedelta(days=364)
GROWING = [f"growing{kind}_{seed}" for seed in SEEDS for kind in ("", "_shifted")]
MODELS = "feature_bin_counts feature_stability feature_drift task_drift task_calibration rpt_drift"


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


def histories(feature: str, ages: pd.Series, growing: list[str]) -> np.ndarray:
    """Days of history in which users must be equal for a feature."""
    steps = ages.to_numpy() // 28 * 28
    if feature in growing:
        return steps
    window = feature.rsplit("_", 1)[-1]
    if not (window.endswith("d") and window[:-1].isdigit()):
        return np.zeros(len(ages), dtype=int)
    days = int(window[:-1]) * (2 if "trend" in feature else 1)
    return np.where(ages >= days, days, steps)


def stability(feature: str, now: pd.DataFrame, baseline: pd.DataFrame, growing: list[str]) -> dict[str, float]:
    """Population stability index among users of equal history, by definition."""
    values = pd.concat([now, baseline])[feature]
    if pd.api.types.is_bool_dtype(values):
        values = values.astype(float)
    elif not pd.api.types.is_numeric_dtype(values):
        values = values.astype(object).where(values.notna(), None)
    later, earlier = values.iloc[: len(now)], values.iloc[len(now) :]
    rows = pd.DataFrame(
        {
            "bin": np.concatenate([bins(later, earlier), bins(earlier, earlier)]),
            "history": np.concatenate(
                [histories(feature, part["days_since_first_order"], growing) for part in (now, baseline)]
            ),
            "is_now": np.arange(len(values)) < len(now),
        }
    )
    sizes = rows.groupby(["history", "is_now"]).size().unstack(fill_value=0)
    sizes = sizes.reindex(columns=[True, False], fill_value=0)
    enough = sizes[False] * VARS["drift_most_weight"] >= sizes[True]
    sizes = sizes[(sizes[True] > 0) & (sizes[False] > 0) & enough]
    if sizes.empty:
        return {}
    weight = sizes[True] / sizes[False]
    rows = rows[rows["history"].isin(sizes.index)]
    counts = rows[rows["is_now"]].groupby("bin").size()
    others = rows[~rows["is_now"]]
    expected = others["history"].map(weight).groupby(others["bin"]).sum()
    counts, expected = counts.align(expected, fill_value=0)
    total = sizes[True].sum()
    effective = total**2 / (sizes[True] * weight).sum()
    least = VARS["drift_empty_bin_rows"]
    p = np.maximum(counts, least) / total
    q = np.maximum(expected / total, least / effective)
    return {
        "row_count": total,
        "earlier_row_count": effective,
        "stability_index": float(((p - q) * np.log(p / q)).sum()),
        "stability_index_by_chance": (len(p) - 1) * (1 / total + 1 / effective),
    }


def expected_stability(
    snapshot: pd.DataFrame, splits: pd.DataFrame, features: list[str], growing: list[str]
) -> pd.DataFrame:
    """Compute what feature_stability says of the baseline."""
    judged = splits[splits["split_name"].isin(["test", "score"])]
    dates = splits["as_of_date"]
    is_baseline = dates + MONTH <= judged["train_until_date"].min()
    active = snapshot[snapshot["days_since_last_order"] <= VARS["active_days"]]
    baseline = active[active["as_of_date"].isin(dates[is_baseline])]
    found = [
        {"feature_name": feature, "as_of_date": date} | numbers
        for date in dates[~is_baseline]
        for now in [active[active["as_of_date"] == date]]
        if len(now)
        for feature in features
        if (numbers := stability(feature, now, baseline, growing))
    ]
    return pd.DataFrame(found)


def assert_same_stability(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Compare row by row, to 1e-6 of rows and 1e-9 of indexes."""
    key = ["feature_name", "as_of_date"]
    found, expected = (rows.sort_values(key, ignore_index=True) for rows in (found, expected))
    assert len(expected)
    pd.testing.assert_frame_equal(
        found[expected.columns], expected, check_dtype=False, check_exact=False, rtol=0, atol=2e-6
    )


def test_stability_of_the_built_shop_is_that_of_numpy(built: duckdb.DuckDBPyConnection) -> None:
    found = built.execute("""
        from evaluation.feature_stability where earlier_period = 'baseline'
    """).df()
    snapshot = built.execute("from features.ftr_user__snapshot").df()
    splits = built.execute("from labels.lbl_splits").df()
    features = sorted(found["feature_name"].unique())
    assert len(features) > 50
    assert_same_stability(found, expected_stability(snapshot, splits, features, VARS["drift_growing_features"]))


def planted_snapshot(users: int, ages: tuple[int, int] = (30, 200)) -> pd.DataFrame:
    """Users on six dates, and a year before the last; there, some features move.

    Each feature comes once per seed, so that one run of dbt serves all seeds. Those
    called shifted move on the last date, those called seasonal a year before as well.
    """
    dates = 7
    rows = dates * users
    date_number = np.repeat(np.arange(dates), users)
    last, year_ago = date_number == 5, date_number == 6
    ages_at_first = np.random.default_rng(9).integers(*ages, users, endpoint=True)
    age = np.tile(ages_at_first, dates) + 28 * np.minimum(date_number, 5)
    as_of_date = FIRST_DATE + MONTH * np.minimum(date_number, 5)
    columns = {}
    for seed in SEEDS:
        random = np.random.default_rng(seed)
        gap, large_gap = (np.where(random.random(rows) < share, np.nan, 1) for share in (0.1, np.where(last, 0.5, 0.1)))
        text = random.choice(["a", "missing", None], rows)
        # one row of a category that nobody had
        rare = np.where(last & (np.arange(rows) % users == 0), "brand new", text)
        growing = random.poisson(age / 10)
        features = {
            "normal": random.normal(size=rows),
            "normal_shifted": random.normal(size=rows) + last,
            "slightly": random.normal(size=rows) + 0.02 * last,
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
            "text_rare": rare,
            "text_shifted": np.where(last & (random.random(rows) < 0.5), "new", text),
            # slowly: each date alone lies near the one before
            "creeping_shifted": random.normal(size=rows) + 0.3 * np.where(year_ago, 0, date_number),
            "growing": growing,
            "growing_shifted": growing * np.where(last, 3, 1),
            "seasonal": random.normal(size=rows) + 2 * (last | year_ago),
        }
        columns |= {f"{name}_{seed}": values for name, values in features.items()}
        # what a window of half a year sees of a user who came later
        columns[f"seed_{seed}_182d"] = random.poisson(np.minimum(age, 182) / 10)
    return pd.DataFrame(columns).assign(
        user_id=[f"u{number}" for number in range(users)] * dates,
        days_since_first_order=age,
        days_since_last_order=1,
        as_of_date=as_of_date - YEAR * year_ago.astype(int),
    )


def planted_splits() -> pd.DataFrame:
    """What the six dates are for."""
    dates = pd.Series([FIRST_DATE + MONTH * number for number in range(6)])
    names = pd.Series([None, None, None, "validation", "test", "score"], dtype=object)
    return pd.DataFrame({"as_of_date": dates, "split_name": names, "train_until_date": dates.where(names.notna())})


def features_of(snapshot: pd.DataFrame) -> list[str]:
    """Columns of a planted snapshot that are features."""
    keys = ("user_id", "as_of_date", "days_since_first_order", "days_since_last_order")
    return [name for name in snapshot.columns if name not in keys]


def predicted(task: str, missed: list[float], rows: int = 300, rate: float = 0.3, seed: int = 0) -> pd.DataFrame:
    """Windows of a task whose outcomes come at the predicted rate, and so much more."""
    random = np.random.default_rng([seed, len(task)])
    parts = [
        pd.DataFrame(
            {
                "task": task,
                "user_id": [f"u{row}" for row in range(rows)],
                "prediction": rate,
                "outcome": (random.random(rows) < rate + more).astype(float),
                "as_of_date": FIRST_DATE + MONTH * number,
            }
        )
        for number, more in enumerate(missed)
    ]
    return pd.concat(parts)


def drift_of(
    dbt: DbtRuns, snapshot: pd.DataFrame, weights: dict[str, dict[str, float]], predictions: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """Run the models on a planted shop, in a database that holds little else.

    All features but `normal_0` are read by a champion; `weights` are the features'
    shares in the score of each task.
    """
    warehouse = dbt.begin()
    live = sorted(set(features_of(snapshot)) - {"normal_0"})
    names = sorted(set(weights) | set(predictions["task"]))
    splits = planted_splits()
    tables = {
        "core.as_of_dates": pd.DataFrame({"as_of_date": sorted(snapshot["as_of_date"].unique())}).assign(
            is_grid_date=lambda dates: dates["as_of_date"].isin(splits["as_of_date"])
        ),
        "labels.lbl_splits": splits,
        "features.ftr_user__snapshot": snapshot,
        "seeds.learning_tasks": pd.DataFrame({"task": names, "label_kind": "binary"}),
        "evaluation.estimator_registry": pd.DataFrame(
            {
                "task": [*names, names[0]],
                "estimator_name": "forest",
                "status": ["champion"] * len(names) + ["challenger"],
                "feature_names": [json.dumps(live)] * len(names) + [json.dumps(["normal_0"])],
            }
        ),
        "evaluation.feature_importance": pd.DataFrame(
            [(task, "forest", feature, share) for task, shares in weights.items() for feature, share in shares.items()],
            columns=["task", "estimator_name", "feature_name", "score_share"],
        ),
        "evaluation.estimator_predictions": predictions.assign(
            estimator_name="forest", is_baseline=False, is_outcome_final=True
        ),
    }
    with duckdb.connect(str(warehouse)) as connection:
        for name, table in tables.items():
            dates = [column for column in table if column.endswith("_date")]
            dates = [column for column in dates if column != "is_grid_date"]
            connection.register("made_up", table)
            connection.execute(f"create schema if not exists {name.split('.')[0]}")
            connection.execute(f"create table {name} as from made_up")
            for column in dates:
                connection.execute(f"alter table {name} alter {column} type date")
    try:
        result = dbt.run(
            "run",
            f"--select={MODELS}",
            f"--vars={json.dumps({'drift_growing_features': GROWING})}",
            warehouse=warehouse,
            raw_folder=package_folder(),
        )
        assert result.exit_code == 0, result.output
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            return {
                name: connection.execute(f"from {schema}.{name}").df()
                for name in MODELS.split()
                for schema in ["reports" if name == "rpt_drift" else "evaluation"]
            }
    finally:
        # whoever builds next starts from nothing
        warehouse.unlink(missing_ok=True)


def equally(features: list[str]) -> dict[str, float]:
    """Shares in the score of features that matter alike."""
    return dict.fromkeys(features, 1 / len(features))


def test_what_moved_rings_and_what_seems_to_does_not(dbt: DbtRuns) -> None:
    snapshot = planted_snapshot(600)
    features = features_of(snapshot)
    moved = [name for name in features if "_shifted" in name]
    steady = [name for name in features if "_shifted" not in name and name != "normal_0"]
    seasonal = [name for name in steady if "seasonal" in name]
    holds = [0.05, -0.05, 0.0, 0.05, -0.03]
    weights = {
        "quiet": equally(steady),
        "one_feature": equally(steady[:99]) | {"normal_shifted_1": 0.01},
        "moved": equally(moved),
        "off": equally(steady),
        "seasonal": equally(seasonal),
        # two windows of eight rows each, all missed
        "small": equally(steady),
        # an event of four in a thousand that nobody had lately
        "rare": equally(steady),
        "young": {},
    }
    windows = [
        predicted("quiet", holds),
        predicted("one_feature", holds),
        predicted("moved", holds),
        predicted("off", [*holds[:-1], 0.4]),
        predicted("seasonal", holds),
        predicted("small", [*holds, 0.7, 0.7], rows=8),
        predicted("rare", [0, 0, 0, 0, -0.004], rows=250, rate=0.004),
    ]
    # many tasks whose windows are missed by .05 in the mean, as windows of a shop are
    random = np.random.default_rng(5)
    many = [predicted(f"task_{number}", list(random.normal(0, 0.05, 5)), seed=number) for number in range(400)]
    tables = drift_of(dbt, snapshot, weights, pd.concat(windows + many))

    found = tables["feature_stability"]
    # what no champion reads is not watched
    read = [name for name in features if name != "normal_0"]
    assert_same_stability(
        found[found["earlier_period"] == "baseline"], expected_stability(snapshot, planted_splits(), read, GROWING)
    )

    drift = tables["feature_drift"]
    last = drift[drift["as_of_date"] == drift["as_of_date"].max()]
    last = last.set_index("feature_name")
    assert set(last.loc[moved, "verdict"]) == {"drifted"}
    assert set(last.loc[moved, "season"]) == {"unlike last year"}
    assert set(last.loc[seasonal, "verdict"]) == {"season"}
    others = last.loc[[name for name in steady if name not in seasonal]]
    assert set(others["verdict"]) == {"stable"}
    # of a date without last year's weeks nobody can know
    before = drift[drift["as_of_date"] < drift["as_of_date"].max()]
    assert set(before["season"]) == {"unknown"}

    advice = tables["rpt_drift"].set_index("task")["advice"]
    is_one_of_many = advice.index.str.startswith("task_")
    # a twentieth over eight tasks: 2.5 of 400
    assert (advice[is_one_of_many] == "retrain now").sum() <= 7
    assert advice[~is_one_of_many].to_dict() == {
        "quiet": "nothing to do",
        "one_feature": "nothing to do",
        "moved": "look at the source",
        "off": "retrain now",
        "seasonal": "nothing to do",
        "small": "nothing to do",
        "rare": "nothing to do",
        "young": "not known yet",
    }


def test_growth_alone_would_have_rung() -> None:
    """The planted features that grow with age do drift if nobody asks the age."""
    snapshot = planted_snapshot(600)
    dates = planted_splits()["as_of_date"]
    now = snapshot[snapshot["as_of_date"] == dates[5]]
    baseline = snapshot[snapshot["as_of_date"].isin(dates[:4])]
    for seed in SEEDS:
        found = stability(f"growing_{seed}", now, baseline, [])
        assert found["stability_index"] > VARS["drift_thresholds"]["drifted"]


def test_what_cannot_be_compared_is_left_out_with_a_reason(dbt: DbtRuns) -> None:
    # all users of one age, as in a shop that began with all of them
    snapshot = planted_snapshot(300, (100, 100)).query("as_of_date >= @FIRST_DATE")
    small = predicted("lapse", [0.0], rows=8)
    tables = drift_of(dbt, snapshot, {"lapse": {"growing_1": 1.0}}, small)
    drift = tables["feature_drift"]
    left_out = drift[drift["verdict"] == "left out"]
    last = left_out[left_out["as_of_date"] == drift["as_of_date"].max()]
    # 240 days: more than a window of half a year, of which the baseline knows 184 days
    assert set(last["feature_name"]) == set(GROWING)
    assert set(last["left_out_reason"]) == {"too few users of equal history in the baseline"}
    assert list(tables["rpt_drift"]["advice"]) == ["not known yet"]


def test_a_shop_without_history_has_no_drift(dbt: DbtRuns) -> None:
    few = planted_snapshot(VARS["drift_min_rows"] - 1)
    weights = {"lapse": {"normal_shifted_1": 1.0}}
    small = predicted("lapse", [0.0], rows=8)
    tables = drift_of(dbt, few, weights, small)
    assert set(tables["feature_drift"]["left_out_reason"]) == {"too few users"}
    assert list(tables["rpt_drift"]["advice"]) == ["not known yet"]
    nobody = drift_of(dbt, few.iloc[:0], weights, small)
    assert len(nobody["feature_drift"]) == 0
    assert list(nobody["rpt_drift"]["advice"]) == ["not known yet"]
