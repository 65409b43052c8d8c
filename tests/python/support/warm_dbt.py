"""Imported by the server that every run of dbt is forked from: dbt, ready to go.

Half of a short run goes into code that dbt generates when it first needs it. Listing
one model needs most of it, opens no database, and leaves no thread behind. A third of a
long run goes into code that Jinja makes of each node's SQL: it is kept from run to run.
Events that nobody reads are not made, and a contract that was kept is not checked again.
"""

from __future__ import annotations

import gc
import importlib
import os
import pkgutil
import tempfile
from contextlib import redirect_stdout
from io import StringIO

import dbt.adapters.duckdb  # noqa: F401
import jinja2
import precision_marketing
import support.spared_work  # noqa: F401
from dbt.cli.main import cli
from support.cache import CACHE_FOLDER, PROJECT_FOLDER
from support.manifests import read_manifest
from support.templates import kept_code

import profiles.connection  # noqa: F401

# the server's own, not that of what is forked
os.environ.pop("PYTHONPATH", None)

jinja2.Environment.compile = kept_code
# models that learn: their libraries take six seconds to import
for module in pkgutil.walk_packages(precision_marketing.__path__, "precision_marketing."):
    importlib.import_module(module.name)
manifests = sorted(CACHE_FOLDER.glob("parsed/*/*.pickle"), key=os.path.getmtime)
if manifests:
    environment = dict(os.environ)
    os.chdir(PROJECT_FOLDER)
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(StringIO()):
        os.environ |= {
            "DBT_PROFILES_DIR": "profiles",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DO_NOT_TRACK": "1",
            "PSEUDONYM_KEY": "k" * 32,
            "VAULT_KEY": "k" * 32,
            "WAREHOUSE": f"{folder}/building.duckdb",
        }
        known = {"manifest": read_manifest(manifests[-1], folder), "callbacks": []}
        places = [f"--target-path={folder}", f"--log-path={folder}"]
        listing = ["--quiet", "ls", "--select=orders", "--no-write-json", *places]
        cli(listing, obj=known, standalone_mode=False)
    os.environ.clear()
    os.environ |= environment
# what is here stays: no run looks through it for garbage, nor often through its own
gc.collect()
gc.freeze()
gc.set_threshold(100_000, 50, 100)
