"""What a build says: a live line, then layers, warnings, failures and a summary."""

from __future__ import annotations

import io
import logging
import mmap
import os
import pty
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest
from precision_marketing.evaluation.backtest import validate
from support.builds import PROJECT_FOLDER, PSEUDONYM_KEY, package_folder
from support.panels import BASELINES, SETTINGS, TASKS, make_panel, split_panel

from operations.build import outcome, summary
from operations.build.progress import CLEAR_LINE, Progress

# What the summary reads, of a shop with a task and a campaign; no rows are reconciled.
MARTS = """
    create schema core; create schema evaluation; create schema campaigns;
    create schema plan;
    create table evaluation.estimator_comparison as select 'buy_7d' as task,
        'logistic_regression' as estimator_name, 'auc' as metric, 0.8 as metric_value,
        0.7 as interval_low, 0.9 as interval_high, 'usual_block' as best_baseline_name,
        0.6 as baseline_value;
    create table core.transactions as select 'EUR' as currency;
    create table plan.plan_campaigns as
        select 'c1' as campaign_id, 'Spring sale' as campaign_name;
    create table campaigns.campaign_decisions as
        select 'c1' as campaign_id, 'launched' as decision_status,
            unnest(['contact', 'control']) as decision, 2.0 as expected_cost,
            5.5 as expected_margin;
    create table campaigns.campaign_policies as select 'optimal' as policy,
        'week' as allocation_name, 1 as contact_count, 2.0 as expected_cost,
        5.5 as expected_margin, null::double as budget_price,
        date '2026-01-01' as decided_on
"""


def event(name: str, node: str = "", level: str = "debug", **data: object) -> object:
    """Return what dbt hands to a callback."""
    info = SimpleNamespace(
        unique_id=f"model.precision_marketing.{node}",
        node_status=data.pop("status", "success"),
        node_path=data.pop("path", f"{node}.sql"),
    )
    return SimpleNamespace(info=SimpleNamespace(name=name, level=level), data=SimpleNamespace(node_info=info, **data))


@pytest.fixture
def progress() -> object:
    """Return the callback of a build of three nodes, of which two run."""
    found = Progress(io.StringIO(), is_live=True)
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


def test_the_end_clears_the_line(progress: object) -> None:
    progress.write()
    assert progress.output.getvalue().endswith("orders 0 s, users 0 s")
    for node in ("orders", "users"):
        progress(event("NodeFinished", node))
    assert progress.output.getvalue().endswith(CLEAR_LINE)
    shown = progress.output.getvalue()
    progress.write()
    assert progress.output.getvalue() == shown


def test_memory_is_noted_of_what_runs_while_it_is_held(progress: object) -> None:
    # pages of its own: what a worker freed before may be given again, and kept
    held = mmap.mmap(-1, 300_000_000)
    held[:: mmap.PAGESIZE] = bytes(len(range(0, len(held), mmap.PAGESIZE)))
    progress(event("NodeFinished", "users"))
    held.close()
    progress(event("LogStartLine", "products", total=3))
    progress(event("NodeFinished", "products"))
    peaks = {name.split(".")[-1]: peak for name, peak in progress.peak_bytes.items()}
    assert peaks["orders"] >= peaks["users"] > peaks["products"] + 200_000_000 > 200_000_000


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
    validate({"user": split_panel(make_panel(seed=1))}, TASKS, BASELINES, SETTINGS)
    assert "fits logistic regression for lapse_28d" in caplog.messages


def test_without_a_terminal_lines_follow_each_other(progress: object) -> None:
    progress.is_live = False
    progress.write()
    progress.write()
    assert progress.output.getvalue().count("\n") == 2
    assert CLEAR_LINE not in progress.output.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where builds at a terminal write, so that the first alone parses."""
    return tmp_path_factory.mktemp("terminal")


WARNED_OF = {
    "a build": """
import warnings
from operations.build.python_warnings import keep_warnings_apart
keep_warnings_apart()
keep_warnings_apart()
warnings.warn("no convergence")
""",
    # dbt leaves event loops to the garbage collector, which warns amid a preview, now and then
    "a launch": """
import warnings
from contextlib import nullcontext
from operations.launch import __main__ as steps
steps.held = steps.copied = lambda warehouse: nullcontext(warehouse)
steps.COMMANDS["check"] = (lambda copy, _: warnings.warn("no convergence") or "", "Nothing would be launched")
steps.main(["check"])
""",
}


@pytest.mark.parametrize("warned", WARNED_OF.values(), ids=WARNED_OF)
def test_what_libraries_warn_of_is_kept_apart(tmp_path: Path, warned: str) -> None:
    environment = {**os.environ, "DBT_LOG_PATH": str(tmp_path / "logs")}
    done = subprocess.run(
        [sys.executable, "-c", warned], cwd=PROJECT_FOLDER, env=environment, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("", "")
    kept = (tmp_path / "logs" / "python_warnings.log").read_text()
    assert kept.count("UserWarning: no convergence") == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("selected", "code"),
    [
        pytest.param("--select=rfm_segments", 0, id="good"),
        pytest.param("--select=orders", 1, id="a node that fails"),
        pytest.param("--selector=none_such", 2, id="bad call"),
    ],
)
def test_a_terminal_sees_one_line_and_gets_the_exit_code(folder: Path, selected: str, code: int) -> None:
    process, terminal = pty.fork()
    if process == 0:
        os.environ.pop("CI", None)
        os.environ |= {
            "COMPLETE_JOURNEY_DIR": str(package_folder()),
            "DBT_PROFILES_DIR": "profiles",
            "PSEUDONYM_KEY": PSEUDONYM_KEY,
            "WAREHOUSE": str(folder / "terminal.duckdb"),
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
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
    assert "START" not in text
    lines = text.rsplit(CLEAR_LINE, 1)[1].splitlines()
    assert lines[-1] == f"Full log of dbt: {folder}/logs/dbt.log"
    if code == 0:
        assert lines[1].split()[:3] == ["seeds", "1", "4"]
    elif code == 1:
        assert any(line.startswith("  core/orders") and "doesn't exist" in line for line in lines), text
    else:
        assert lines[0].startswith("Could not find selector named none_such")


def test_what_dbt_warns_of_beside_its_tests_is_kept(progress: object) -> None:
    warning = event("SomethingIsOld", level="warn")
    warning.info.msg = "An option\n  is old."
    progress(warning)
    progress(event("LogTestResult", level="warn"))
    assert progress.warnings == ["An option is old."]


@pytest.mark.parametrize(
    ("message", "sentences"),
    [
        ("Runtime Error\n  Runtime Error\n    Nothing was built: no key.", ["Nothing was built: no key."]),
        (
            "Compilation Error in operation hook (./dbt_project.yml)\n"
            "  Table a lacks b.\n  Table c lacks d.\n\n  > in macro check_inputs",
            ["Table a lacks b.", "Table c lacks d."],
        ),
        (
            "Runtime Error in model ml_a (python_models/learning/ml_a.py)\n"
            "  Python model failed:\n  Traceback (most recent call last):\n"
            '    File "x", line 1\n  ValueError: Task a has no rows.\n',
            ["Task a has no rows."],
        ),
        ("Binder Error: no column x\n\n  LINE 3: select x", ["Binder Error: no column x"]),
    ],
)
def test_of_a_message_the_sentences_are_left(message: str, sentences: list[str]) -> None:
    assert outcome.message_lines(message) == sentences


def test_of_many_failures_the_first_are_written_out() -> None:
    node = SimpleNamespace(
        name="a_rule", resource_type="test", original_file_path="tests/data/a_rule.sql", unique_id="test.a_rule"
    )
    failed = SimpleNamespace(node=node, status="fail", failures=3, message="", execution_time=0.5)
    result = SimpleNamespace(results=[failed] * 40, elapsed_time=20)
    lines = outcome.outcome_lines(result, ["An option is old."] * 2, {"test.a_rule": 1_234_000_000})
    assert "Failed: 40 of 40 steps" in lines
    assert lines.count("  tests/data/a_rule: 3 rows") == 10
    assert "  and 30 more" in lines
    assert lines.count("  An option is old.") == 1
    assert lines[1].split() == ["tests/data", "0", "40", "0", "20.0", "1,234", "40", "fail"]
    assert lines[2].endswith("in 20 s, at most 1,234 MB of memory")


def test_the_summary_names_things_and_money(tmp_path: Path) -> None:
    file = tmp_path / "shop.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(MARTS)
    lines = summary.summary(file).splitlines()
    assert "Order in 7 days" in lines[1]
    assert "logistic regression" in lines[1]
    assert "0.800 [0.700, 0.900]  usual block 0.600" in lines[1]
    assert lines[3] == "Campaigns decided; cost and margin after cost in EUR"
    assert lines[4].split("  ")[1] == "Spring sale"
    assert "1 contacts" in lines[4]
    assert "cost      2.00   margin      5.50" in lines[4]
    assert "Where to look" in lines
    assert len(lines) < 20
