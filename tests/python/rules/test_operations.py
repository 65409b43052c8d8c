"""The package operations stands alone: importable, small modules, nothing from dbt."""

from __future__ import annotations

import re

import pytest
from support.builds import PROJECT_FOLDER

MODULES = sorted((PROJECT_FOLDER / "operations").rglob("*.py"))
FOLDERS = ("operations", "profiles", "python_models", "tests", "docs")
MOST_LINES = 400


@pytest.mark.parametrize("package", ["profiles", "python_models", "learning", "precision_marketing", "tests"])
def test_operations_import_nothing_that_imports_them(package: str) -> None:
    importing = re.compile(rf"^\s*(from|import) {package}\b", re.MULTILINE)
    assert len(MODULES) > 40
    assert [file for file in MODULES if importing.search(file.read_text())] == []


def test_no_file_changes_where_python_looks_for_modules() -> None:
    changing = re.compile(r"sys[.]path\b|syspath")
    files = [
        file
        for folder in FOLDERS
        for file in (PROJECT_FOLDER / folder).rglob("*.py")
        if changing.search(file.read_text()) and file.name != "test_operations.py"
    ]
    assert files == []


def test_no_module_is_long() -> None:
    long = [f for f in MODULES if len(f.read_text().splitlines()) > MOST_LINES]
    assert long == []
