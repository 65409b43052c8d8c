"""What the pages tell readers to type is there: targets of make, and code that can be parsed."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml
from support.builds import PROJECT_FOLDER

# CHANGELOG.md names what was removed, too
PAGES = [
    *(PROJECT_FOLDER / name for name in ("README.md", "CONTRIBUTING.md")),
    *sorted((PROJECT_FOLDER / "docs").glob("*.md")),
]
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", (PROJECT_FOLDER / "Makefile").read_text(), re.MULTILINE))
# `make` where a command may begin: after a backtick or an indent, or behind another command
CALLS = re.compile(
    r"(?:`|^ {4}|^|&& |: |\"|Makefile )make ([a-z][a-z-]*(?: [a-z][a-z-]*)*)(?=`| *$| [A-Z]| +#|\")", re.MULTILINE
)


def calls_of(page: Path) -> set[str]:
    """Return the targets that a page names in calls of make."""
    return {target for call in CALLS.findall(page.read_text()) for target in call.split()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_command_of_a_page_is_one(page: Path) -> None:
    assert calls_of(page) <= TARGETS


def test_calls_are_found() -> None:
    assert {"build", "backup", "check-plan", "launch", "export"} <= calls_of(PROJECT_FOLDER / "docs" / "schedules.md")


def test_schedules_can_be_parsed() -> None:
    text = (PROJECT_FOLDER / "docs" / "schedules.md").read_text()
    blocks = re.findall(r"```(\w+)\n(.*?)```", text, re.DOTALL)
    assert [ast.parse(code) for language, code in blocks if language == "python"]
    [workflow] = [yaml.safe_load(code) for language, code in blocks if language == "yaml"]
    assert {"build", "launch"} == set(workflow["jobs"])
    [jobs] = [code for language, code in blocks if language == "cron"]
    lines = [line for line in jobs.splitlines() if not line.startswith("#")]
    assert all(re.match(r"(\d+|\*) (\d+|\*) \* \* (\d|\*) cd \S+ && ", line) for line in lines)
