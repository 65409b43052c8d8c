"""The Dockerfile's steps hold without Docker: an active environment is used as it is, by a user who is not root."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.builds import PROJECT_FOLDER

STEPS = [
    tuple(line.split(" ", 1))
    for line in (PROJECT_FOLDER / "Dockerfile").read_text().splitlines()
    if line and not line.startswith("#")
]


def test_nothing_runs_as_root_once_the_packages_are_installed() -> None:
    names = [name for name, _ in STEPS]
    assert STEPS[0] == ("FROM", "python:3.12-slim")
    assert names.count("USER") == 1
    assert "RUN" not in names[names.index("USER") :]
    assert dict(STEPS)["USER"] not in ("root", "0")
    assert not re.search(r"https?://|--index-url", (PROJECT_FOLDER / "Dockerfile").read_text())
    (pip,) = [step for name, step in STEPS if name == "RUN" and "pip install" in step]
    assert "--require-hashes --no-deps --requirement requirements.lock" in pip


def test_an_image_holds_no_data_and_no_keys() -> None:
    ignored = (PROJECT_FOLDER / ".dockerignore").read_text().splitlines()
    kept_out_of_git = (PROJECT_FOLDER / ".gitignore").read_text().splitlines()
    made = {line.strip("/") for line in kept_out_of_git if re.fullmatch(r"/[\w/]+/", line)}
    assert made | {".secrets", "target", "logs", ".venv*", "warehouse/*.duckdb*", "warehouse/*.ledger"} <= set(ignored)


@pytest.fixture
def container() -> Iterator[Path]:
    """Copy what git would commit to where anybody may write, as COPY --chown does."""
    folder = Path(tempfile.mkdtemp(prefix="it's a container "))
    files = subprocess.run(
        ["git", "ls-files", "-z"], cwd=PROJECT_FOLDER, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    for file in filter(None, files):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        if (PROJECT_FOLDER / file).exists():
            shutil.copy(PROJECT_FOLDER / file, folder / file)
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", "65534:65534", str(folder)], check=True)
    yield folder
    shutil.rmtree(folder)


def test_make_uses_an_active_environment_as_it_is(container: Path) -> None:
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(container),
        "LANG": "C.UTF-8",
        "VENV": "",
        "PYTHON": "python",
    }
    settings = {"cwd": container, "env": environment, "capture_output": True, "text": True, "check": False}
    nobody = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
    planned = subprocess.run(["make", "-n", "build"], **settings)
    assert planned.returncode == 0, planned.stderr
    assert "pip install" not in planned.stdout
    assert "-m venv" not in planned.stdout
    try:
        subprocess.run([sys.executable, "-c", ""], **settings, **nobody)
    except PermissionError:
        # where Python lies in root's home, nobody else can run it
        subprocess.run(["chown", "-R", "root", str(container)], check=True)
        nobody = {}
    done = subprocess.run(["make", "setup"], **settings, **nobody)
    assert done.returncode == 0, done.stderr
    assert {file.name: file.stat().st_mode & 0o777 for file in (container / ".secrets").iterdir()} == {
        "pseudonym.key": 0o600,
        "vault.key": 0o600,
    }
    assert not (container / ".venv").exists()
    # the package that models import, and the keys, are found from here
    read = subprocess.run(["dbt", "--quiet", "parse", "--profiles-dir", "profiles"], **settings, **nobody)
    assert read.returncode == 0, read.stdout
    # an environment that somebody else made is not emptied
    foreign = container / "theirs"
    (foreign / "bin").mkdir(parents=True)
    kept = subprocess.run(["make", f"VENV={foreign.name}", "setup"], **settings)
    assert kept.returncode != 0
    assert "theirs is an environment that make did not install" in kept.stdout
    assert (foreign / "bin").is_dir()
    bare = subprocess.run(["make", "setup"], **settings | {"env": environment | {"PATH": "/usr/bin:/bin"}})
    assert bare.returncode != 0
    assert "lacks the packages of requirements.lock" in bare.stdout
