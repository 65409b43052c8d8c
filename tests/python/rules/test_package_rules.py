"""The learning package: subpackages in one order, and no engine below them."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from support.builds import PROJECT_FOLDER

PACKAGE = "precision_marketing"
FOLDER = PROJECT_FOLDER / "python_models" / PACKAGE
# What runs the package; frames go in and out.
ENGINES = {"dbt", "duckdb"}
MOST_LINES = 400


def imports(file: Path) -> Iterator[list[str]]:
    """Yield the dotted name of each module that a file imports, in parts."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.split(".")
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file.name} imports by a relative name"
            for alias in node.names:
                yield [*node.module.split("."), alias.name]


def test_subpackages_form_no_circle() -> None:
    needed = {
        folder.name: {
            parts[1]
            for file in folder.rglob("*.py")
            for parts in imports(file)
            if parts[0] == PACKAGE and parts[1] != folder.name
        }
        for folder in FOLDER.iterdir()
        if (folder / "__init__.py").exists()
    }
    assert len(needed) > 5
    assert set.union(*needed.values()) <= set(needed), "a module stands in no folder"
    try:
        TopologicalSorter(needed).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_the_package_knows_neither_dbt_nor_duckdb() -> None:
    knowing = [
        f"{file.relative_to(FOLDER)} imports {parts[0]}"
        for file in FOLDER.rglob("*.py")
        for parts in imports(file)
        if parts[0] in ENGINES
    ]
    assert knowing == []


def test_modules_are_short() -> None:
    long = {
        str(file.relative_to(FOLDER)): lines
        for file in FOLDER.rglob("*.py")
        if (lines := len(file.read_text().splitlines())) > MOST_LINES
    }
    assert long == {}


def test_the_package_loads_scikit_learn_before_any_of_its_modules() -> None:
    # two models in two threads met halves of scikit-learn, whose parts import each other in circles
    needed = {".".join(parts[:2]) for file in FOLDER.rglob("*.py") for parts in imports(file) if parts[0] == "sklearn"}
    assert len(needed) > 10
    code = f"import sys, {PACKAGE}; sys.exit(' '.join({needed!r} - {{*sys.modules}}) or 0)"
    done = subprocess.run([sys.executable, "-c", code], cwd=FOLDER.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"name them in {PACKAGE}/__init__.py: {done.stderr}"
