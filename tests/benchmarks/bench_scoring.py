"""Time scoring of a big table against the bare ``predict_proba``: `make bench`.

Every measurement is a process of its own, one after the other, in one run: the bare
call on a matrix that lies in memory already, the same estimator as a build scores, from
Parquet into a table (labels and features are joined, sorted and read in pieces), and, for
logistic regression, its SQL. Prints seconds, peak memory and their ratios; asserts nothing
but that all three give the same scores.

    export PYTHONPATH=python_models
    python -m tests.benchmarks.bench_scoring [rows [family,...]]
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import duckdb
import numpy as np
import pandas as pd
from precision_marketing.common.frames import read_panels
from precision_marketing.common.threads import use_one_thread
from precision_marketing.estimators.families import CalibratedAverage, family_pipeline
from precision_marketing.estimators.score_sql import score_expression
from precision_marketing.estimators.scoring import score_panels
from precision_marketing.estimators.stored import ALLOWED_TYPES, dump_estimator
from precision_marketing.estimators.tasks import TASKS_FILE
from skops.io import loads

from tests.python.support.variables import VARS

# What is scored: one task, about all rows.
TASKS = pd.read_csv(TASKS_FILE).query("task == 'lapse_28d'")

ROWS, FEATURES, TRAINING_ROWS = 5_000_000, 30, 20_000
# Medians of so many rounds, but one where the bare call takes long.
ROUNDS, LONG_SECONDS = 3, 30
# Rows that the matrix is filled with at a time.
BATCH_ROWS = 32_768
IN_SQL = "logistic_regression"
NAMED = ["random_forest", "gradient_boosting", "neural_network", IN_SQL]
NAMES = [f"feature_{number}" for number in range(FEATURES)]
# As the profile gives dbt: two threads, and memory that leaves room for others.
ENGINE = {"threads": 2, "memory_limit": "512MB"}


def measured(way: str, folder: Path, family: str) -> None:
    """Measure one way in this process; print seconds, peak megabytes, mean score."""
    use_one_thread()
    estimator = _load(folder / f"{family}.skops")
    rows, warehouse = folder / "rows.parquet", folder / "scores.duckdb"
    warehouse.unlink(missing_ok=True)
    with duckdb.connect(str(warehouse), config=ENGINE) as engine:
        engine.execute(f"create view rows_to_score as from '{rows}'")
        if way == "bare":
            frame = _matrix(engine)
            start = time.perf_counter()
            scores = estimator.predict_proba(frame)[:, 1]
            seconds, mean = time.perf_counter() - start, float(scores.mean())
        else:
            start = time.perf_counter()
            if way == "sql":
                score = score_expression(estimator, NAMES)
                engine.execute(f"create table scores as select id, {score} as score from rows_to_score")
            else:
                scored = score_panels(read_panels(*_tables(engine.cursor())), _registry(estimator), TASKS, "user")
                engine.register("scored", scored)
                engine.execute("create table scores as from scored")
            seconds = time.perf_counter() - start
            mean = engine.sql("select avg(score) from scores").fetchall()[0][0]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"seconds": seconds, "peak": peak, "mean": mean}))


def _load(file: Path) -> CalibratedAverage:
    return loads(file.read_bytes(), trusted=list(ALLOWED_TYPES))


def _tables(engine: duckdb.DuckDBPyConnection) -> list[duckdb.DuckDBPyRelation]:
    """Return labels and features of the rows to score, as a build reads them."""
    key = "cast(id as varchar) as user_id, date '2026-01-01' as as_of_date"
    return [
        engine.sql(f"select {key}, {own} from rows_to_score") for own in ("'score' as split_name", ", ".join(NAMES))
    ]


def _registry(estimator: CalibratedAverage) -> pd.DataFrame:
    """Put an estimator into service."""
    entry = {
        "task": TASKS["task"].iloc[0],
        "status": "champion",
        "estimator_name": "average",
        "estimator_version": "1",
        "feature_names": json.dumps(NAMES),
        "estimator_bytes": dump_estimator(estimator),
    }
    return pd.DataFrame([entry])


def _matrix(engine: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Read the table into one matrix, without a second copy in memory."""
    count = engine.sql("select count(*) from rows_to_score").fetchall()[0][0]
    values, start = np.empty((FEATURES, count)), 0
    query = f"select {', '.join(NAMES)} from rows_to_score"
    for batch in engine.sql(query).to_arrow_reader(BATCH_ROWS):
        for place, column in enumerate(batch.columns):
            own = values[place, start : start + batch.num_rows]
            own[:] = column.to_numpy(zero_copy_only=False)
        start += batch.num_rows
    return pd.DataFrame(values.T, columns=NAMES, copy=False)


def prepare(folder: Path, row_count: int, names: list[str]) -> None:
    """Make the rows and fit the estimators."""
    columns = ", ".join(
        f"case when random() < 0.02 then null else -ln(1 - random()) * {10 + place} end as {name}"
        for place, name in enumerate(NAMES)
    )
    with duckdb.connect(config=ENGINE | {"threads": 1}) as engine:
        engine.execute("select setseed(0.5)")
        engine.execute(f"copy (select range as id, {columns} from range({row_count})) to '{folder / 'rows.parquet'}'")
        training = engine.sql(f"select {', '.join(NAMES)} from '{folder / 'rows.parquet'}' limit {TRAINING_ROWS}").df()
    random = np.random.default_rng(0)
    signal = np.log1p(training.fillna(10)).to_numpy() @ random.normal(size=FEATURES)
    signal = (signal - signal.mean()) / signal.std()
    labels = (signal + random.normal(size=len(signal)) > 1).astype(int)
    for name in names:
        use_one_thread()
        pipeline = family_pipeline(name, training, 0, given=VARS["classifiers"][name], is_amount=False)
        fitted = pipeline.fit(training, labels)
        estimator = CalibratedAverage([fitted], [0.9], [0.1])
        (folder / f"{name}.skops").write_bytes(dump_estimator(estimator))


def run(way: str, folder: str, name: str) -> dict[str, float]:
    """Measure in a process of its own."""
    command = [sys.executable, "-W", "ignore", "-m", __spec__.name, way, folder, name]
    output = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    return json.loads(output)


def main() -> None:
    """Measure every family every way."""
    row_count = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    names = sys.argv[2].split(",") if len(sys.argv) > 2 else NAMED
    with tempfile.TemporaryDirectory(dir="warehouse") as folder:
        prepare(Path(folder), row_count, names)
        sys.stdout.write(f"{row_count:,} rows x {FEATURES} features\n")
        for name in names:
            ways = ["bare", "build", *(["sql"] if name == IN_SQL else [])]
            rounds = [{way: run(way, folder, name) for way in ways}]
            while len(rounds) < ROUNDS and rounds[0]["bare"]["seconds"] < LONG_SECONDS:
                rounds.append({way: run(way, folder, name) for way in ways})
            means = {round(one["mean"], 9) for way in rounds for one in way.values()}
            assert len(means) == 1, means
            found = {
                way: {key: median(each[way][key] for each in rounds) for key in ("seconds", "peak")} for way in ways
            }
            for way, own in found.items():
                bare = found["bare"]
                sys.stdout.write(
                    f"{name:20} {way:8} {own['seconds']:7.1f} s "
                    f"{own['peak']:7.0f} MB   of the bare call: time "
                    f"{own['seconds'] / bare['seconds']:.2f}, "
                    f"memory {own['peak'] / bare['peak']:.2f}\n"
                )
                sys.stdout.flush()


if __name__ == "__main__":
    if len(sys.argv) == 4:
        measured(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
    else:
        main()
