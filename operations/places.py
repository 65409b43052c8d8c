"""Where the shop's files lie: in the project, or where the environment says."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import yaml

PROJECT_FOLDER = Path(__file__).resolve().parents[1]
# What database and publication are called, and which shop that is.
SOURCE = os.environ.get("SOURCE", "precision_marketing")
# the loader in C takes a tenth of the time
PROJECT = yaml.load((PROJECT_FOLDER / "dbt_project.yml").read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
SHOP = os.environ.get("SOURCE") or PROJECT["vars"]["source"]
WAREHOUSE = PROJECT_FOLDER / os.environ.get("WAREHOUSE", f"warehouse/{SOURCE}.duckdb")
PUBLISHED = PROJECT_FOLDER / os.environ.get("PUBLISHED_DIR", "published")
PUBLISHED_FILE = PUBLISHED / f"{SOURCE}.duckdb"
EXPORTS = PROJECT_FOLDER / os.environ.get("EXPORTS_DIR", "exports") / SHOP
TARGET = PROJECT_FOLDER / os.environ.get("DBT_TARGET_PATH", "target")
SITES = TARGET / "site"
SITE = SITES / SHOP


def shop_named(changed_vars: dict[str, Any]) -> str:
    """Return the shop of a command of dbt, as macro active_source does.

    Parameters
    ----------
    changed_vars : dict
        What ``--vars`` sets.

    Raises
    ------
    DbtRuntimeError
        Where that names another shop than the environment.
    """
    named, told = os.environ.get("SOURCE"), changed_vars.get("source")
    if named and told and named != told:
        # what publishes or exports has no need of dbt, which takes long to import
        from dbt_common.exceptions import DbtRuntimeError

        raise DbtRuntimeError(
            f"Nothing was built: the environment variable SOURCE names shop {named}, var source {told}. Set one."
        )
    return str(named or told or PROJECT["vars"]["source"])


def shown(path: Path) -> str:
    """Return a path as it is typed in the project's folder."""
    inside = path.is_relative_to(PROJECT_FOLDER)
    return str(path.relative_to(PROJECT_FOLDER) if inside else path)


def git_commit() -> str:
    """Return the commit of the project, marked where files differ from it."""
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
            cwd=PROJECT_FOLDER,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        # a container without git
        return "unknown"
    return found.stdout.strip() or "unknown"
