"""The package operations stands alone: importable, small modules, nothing from dbt."""

from __future__ import annotations

import re

import pytest
from support.builds import PROJECT_FOLDER

MODULES = sorted((PROJECT_FOLDER / "operations").rglob("*.py"))
FOLDERS = ("operations", "profiles", "python_models", "tests", "docs")
MOST_LINES = 400


@pytest.mark.parametrize("package", ["profiles", "python_models", "learning", "tests"])
def test_operations_import_nothing_that_imports_them(package: str) -> None:
    importing = re.compile(rf"^\s*(from|import) {package}\b", re.MULTILINE)
    assert len(MODULES) > 40
    assert [file for file in MODULES if importing.search(file.read_text())] == []


def test_the_learning_package_is_imported_by_what_explains_alone() -> None:
    importing = re.compile(r"^\s*(from|import) precision_marketing\b", re.MULTILINE)
    assert [file.name for file in MODULES if importing.search(file.read_text())] == ["explain.py"]
    # and no circle comes of it
    package = (PROJECT_FOLDER / "python_models").rglob("*.py")
    importing = re.compile(r"^\s*(from|import) operations\b", re.MULTILINE)
    assert [file for file in package if importing.search(file.read_text())] == []


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
