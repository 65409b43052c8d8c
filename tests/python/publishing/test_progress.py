"""The live line of a build: what is done, what runs, and nothing left behind."""

from __future__ import annotations

import io
import logging
import os
import pty
import sys
import time
from types import SimpleNamespace

import pytest
from precision_marketing.evaluation.backtest import validate
from support.builds import PROJECT_FOLDER, PSEUDONYM_KEY, package_folder
from support.panels import RULES, SETTINGS, TASKS, make_panel

from operations import build


def event(name: str, node: str = "", level: str = "debug", **data: object) -> object:
    """Return what dbt hands to a callback."""
    info = SimpleNamespace(
        unique_id=f"model.precision_marketing.{node}",
        node_status=data.pop("status", "success"),
        node_path=data.pop("path", f"{node}.sql"),
    )
    return SimpleNamespace(
        info=SimpleNamespace(name=name, level=level),
        data=SimpleNamespace(node_info=info, **data),
    )


@pytest.fixture
def progress() -> object:
    """Return the callback of a build of three nodes, of which two run."""
    found = build.Progress(io.StringIO(), is_live=True)
    for node in ("orders", "users"):
        found(event("LogStartLine", node, total=3))
    return found


def test_the_line_tells_what_runs_longest_first(progress: object) -> None:
    progress.running["model.precision_marketing.users"] -= 100
    now = progress.running["model.precision_marketing.orders"] + 5
    assert progress.line(now) == "0 of 3: users 105 s, orders 5 s"


def test_what_ends_is_done_once_and_failures_are_told(progress: object) -> None:
    progress(event("NodeFinished", "users", status="error"))
    progress(event("NodeFinished", "users", status="error"))
    progress(event("NodeFinished", "never started"))
    assert progress.done == 1
    assert progress.line(0.0).startswith("1 of 3, 2 failed: orders")


def test_an_error_or_the_end_clears_the_line(progress: object) -> None:
    progress.write()
    assert progress.output.getvalue().endswith("orders 0 s, users 0 s")
    progress(event("LogModelResult", "users", level="error"))
    assert progress.output.getvalue().endswith(build.CLEAR_LINE)
    progress.write()
    for node in ("orders", "users"):
        progress(event("NodeFinished", node))
    assert progress.output.getvalue().endswith(build.CLEAR_LINE)
    shown = progress.output.getvalue()
    progress.write()
    assert progress.output.getvalue() == shown


def test_a_long_fit_says_what_it_is_about_until_its_node_ends(progress: object) -> None:
    logger = logging.getLogger("precision_marketing.estimators.fitting")
    logging.getLogger("precision_marketing").addHandler(progress)
    logger.setLevel(logging.INFO)
    try:
        logger.info("fits %s for %s", "boosting", "redeem")
        progress(event("NodeFinished", "users"))
        assert progress.line(time.monotonic()).endswith(" (fits boosting for redeem)")
        progress(event("NodeFinished", "ml_test", path="learning/ml_test.py"))
        assert not progress.line(time.monotonic()).endswith(")")
    finally:
        logging.getLogger("precision_marketing").removeHandler(progress)
        logger.setLevel(logging.NOTSET)


def test_every_fit_of_a_family_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "precision_marketing")
    validate({"user": make_panel(seed=1)}, TASKS, RULES, SETTINGS)
    assert "fits logistic regression for lapse_28d" in caplog.messages


def test_without_a_terminal_lines_follow_each_other(progress: object) -> None:
    progress.is_live = False
    progress.write()
    progress.write()
    assert progress.output.getvalue().count("\n") == 2
    assert build.CLEAR_LINE not in progress.output.getvalue()


@pytest.mark.parametrize(
    ("selected", "code"),
    [
        pytest.param("--select=rfm_segments", 0, id="good"),
        pytest.param("--select=orders", 1, id="a node that fails"),
        pytest.param("--selector=none_such", 2, id="bad call"),
    ],
)
def test_a_terminal_sees_one_line_and_gets_the_exit_code(
    tmp_path: object, selected: str, code: int
) -> None:
    process, terminal = pty.fork()
    if process == 0:
        os.environ.pop("CI", None)
        os.environ |= {
            "COMPLETE_JOURNEY_DIR": str(package_folder()),
            "DBT_PROFILES_DIR": "profiles",
            "PSEUDONYM_KEY": PSEUDONYM_KEY,
            "WAREHOUSE": str(tmp_path / "terminal.duckdb"),
            "DBT_TARGET_PATH": str(tmp_path / "target"),
            "DBT_LOG_PATH": str(tmp_path / "logs"),
        }
        os.chdir(PROJECT_FOLDER)
        os.execv(sys.executable, [sys.executable, "-m", "operations.build", selected])
    output = b""
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:
            break
        if not part:
            break
        output += part
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    text = output.decode()
    assert status == code, text
    assert "Traceback" not in text
    if code == 0:
        done, total = text.rsplit(build.CLEAR_LINE, 1)[1].split()[:3:2]
        assert int(done) == int(total) > 0
        assert "START" not in text
