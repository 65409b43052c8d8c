"""Scoring takes as much memory for many rows as for few."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from support.builds import PROJECT_FOLDER

# A child, so that its peak is that of scoring alone. The engine sorts on disk what does not fit.
CHILD = """
import json, re, sys
from pathlib import Path
import duckdb, pandas as pd
from precision_marketing.common.frames import read_panels
from precision_marketing.estimators.scoring import score_panels
from precision_marketing.estimators.stored import dump_estimator
from support.made_rows import fitted_families, make_rows
from support.panels import ONE_TASK, TASK

count, folder = int(sys.argv[1]), sys.argv[2]
connection = duckdb.connect(f"{folder}/{count}.duckdb", config={"threads": 1, "memory_limit": "200MB"})
key = "'u' || range as user_id, date '2026-01-01' as as_of_date"
names = list(make_rows(0)[0].columns)
number = "hash(range, '{}') % 1000 / 10.0 as {}"
columns = [number.format(name, name) for name in names if not name.endswith(("_text", "_name"))]
columns += ["'always' as constant_text", "['lost', 'rare'][1 + range % 2] as segment_name"]
columns += [number.format(f"unread_{each}", f"unread_{each}") for each in range(100)]
connection.execute("set enable_progress_bar = false")
connection.execute(f"create table labels as select {key}, 'score' as split_name, 'o' || range as first_order_id"
                   f" from range({count})")
connection.execute(f"create table features as select {key}, {', '.join(columns)} from range({count})")
registry = pd.DataFrame([{"task": TASK, "estimator_name": "average", "estimator_version": "1", "status": "champion",
                          "feature_names": json.dumps(names),
                          "estimator_bytes": dump_estimator(fitted_families(0)["logistic_regression"])}])
panels = read_panels(connection.table("labels"), connection.table("features"))
scored = score_panels(panels, registry, ONE_TASK, "user")
# as dbt stores what a model returns
connection.cursor().execute("create table scores as from scored")
assert connection.table("scores").filter("score between 0 and 1").count("*").fetchone() == (count,)
print(int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024)
"""


def peak_megabytes(rows: int, scratch: Path) -> int:
    """Score so many rows of 107 features and return the most memory that it took."""
    path = os.pathsep.join(
        map(str, (PROJECT_FOLDER / "python_models", PROJECT_FOLDER, PROJECT_FOLDER / "tests/python"))
    )
    command = [sys.executable, "-c", CHILD, str(rows), str(scratch)]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[-1])


def test_memory_does_not_grow_with_the_rows_to_score(tmp_path: Path) -> None:
    # both beyond what the engine and the batches hold; 300,000 more rows are 250 MB of features
    few, many = (peak_megabytes(rows, tmp_path) for rows in (150_000, 450_000))
    assert many < few + 130
