"""Additions to dbt's connection: keys, the vault, functions for macros.

A dbt-duckdb plugin. dbt connects before any hook of the project runs and shows DuckDB's
errors as stack traces of 200 lines: what can fail is tried here and said in a sentence.
The keys reach the connection without standing in profiles.yml, SQL, logs or target.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt.flags import get_flags
from dbt_common.clients.jinja import MacroFuzzTemplate, NativeSandboxTemplate
from dbt_common.events import functions
from dbt_common.exceptions import DbtRuntimeError

from operations import machine
from operations.build.ledger import LedgerError, keep_ledger, ledger_of, restore_ledger
from operations.build.reuse import made_of
from operations.build.wholeness import nodes_in_trouble
from operations.encodings import know_encodings
from operations.files import found_instead, why_unreadable
from operations.mapping.tables import files_not_read, files_of_table, groups_of_table, mapping_faults, mapping_settings
from operations.mapping.trials import tried_mapping
from operations.personal_data.requests import Requests
from operations.places import git_commit, shop_named
from operations.plan_files import plan_file_faults, plan_file_rows
from operations.privacy.encryption import SPILLS_ENCRYPTED
from operations.privacy.keys import block_key, erasure_keys, fingerprint, key_fingerprint, padded, set_keys, shop_key
from operations.privacy.stamps import pseudonym_fault
from operations.privacy.vault import attach_encrypted, open_vault, vault_of
from operations.shop_files import grouped_files, inputs_fingerprint, tried_files
from operations.vars import var_faults

if TYPE_CHECKING:
    from dbt.adapters.duckdb.credentials import DuckDBCredentials

# A fifth of a build of small tables goes into what dbt 1.12 does again and again: at each line
# it logs, it looks through all variables for secrets; for each argument of a test, it copies all macros
# (for SQL it copies none).
functions.env_secrets = cache(functions.env_secrets)
NativeSandboxTemplate.new_context = MacroFuzzTemplate.new_context


class Plugin(BasePlugin):
    """Opens the database and the vault once, then sets up each connection."""

    def update_connection_config(self, creds: DuckDBCredentials, config: dict[str, Any]) -> None:
        """Set threads and memory; say in one sentence what file or key is not fit.

        Opening also moves what a killed command has left in its log into the file.
        """
        try:
            config["threads"] = machine.threads()
            config["memory_limit"] = machine.memory_limit()
        except ValueError as error:
            raise DbtRuntimeError(f"Nothing was built: {error}") from None
        self.shop = shop_named(getattr(get_flags(), "VARS", None) or {})
        shared = block_key("pseudonym", "the users' pseudonyms")
        own = shop_key(shared, self.shop)
        self.keys, self.key = padded("pseudonym", own), fingerprint(own)
        # a copy under another path in place of the database: what dbt parsed stays as it is
        creds.path = os.environ.get("DATABASE_COPY", creds.path)
        self.warehouse = Path(creds.path)
        for file in (self.warehouse, vault_of(self.warehouse)):
            if (found := why_unreadable(file)) not in (None, "nothing"):
                raise DbtRuntimeError(f"Nothing was built: {file}: expected a file, found {found}.")
        try:
            with duckdb.connect(creds.path, config=config) as connection:
                # a build refuses what names users by the shared key; requests of users are answered from it
                count = restore_ledger(connection, self.warehouse, self.key, fingerprint(shared))
        except duckdb.IOException as error:
            cause = str(error).split(" See also ")[0].removeprefix("IO Error: ")
            raise DbtRuntimeError(f"Nothing was built: cannot open the database {creds.path}. {cause}") from error
        except (LedgerError, OSError) as error:
            raise DbtRuntimeError(f"Nothing was built: {error}") from None
        if count:
            sys.stdout.write(f"Restored {count:,} launched decisions from {ledger_of(self.warehouse)}.\n")
        self.vault = open_vault(self.warehouse)
        config.update(SPILLS_ENCRYPTED)

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Attach the vault and make the functions known to SQL.

        Files may change between two calls, so none is called once for many rows.
        """
        # models that import it at once, in threads, each meet a half of scikit-learn
        import_module("precision_marketing")
        attach_encrypted(conn, *self.vault)
        know_encodings(conn)
        requests = Requests(conn, self.warehouse)
        for function, parameters in (
            (found_instead, ["varchar"]),
            (files_of_table, ["varchar", "varchar"]),
            (files_not_read, ["varchar", "varchar[]"]),
            (grouped_files, ["varchar[]", "varchar"]),
            (groups_of_table, ["varchar", "varchar", "varchar[]", "varchar"]),
            (tried_files, ["varchar[]", "varchar", "varchar"]),
            (mapping_faults, ["varchar"]),
            (mapping_settings, ["varchar"]),
            (tried_mapping, ["varchar", "varchar", "varchar"]),
            (requests.forget_users, ["varchar"]),
            (requests.export_user, ["varchar"]),
        ):
            conn.create_function(function.__name__, function, parameters, "varchar", side_effects=True)
        conn.create_function(
            "key_fingerprint",
            lambda name: key_fingerprint(name, self.shop),
            ["varchar"],
            "varchar",
            side_effects=True,
            null_handling="special",
        )
        conn.create_function(
            "pseudonym_fault",
            lambda: pseudonym_fault(conn.cursor(), self.warehouse, self.shop),
            [],
            "varchar",
            side_effects=True,
        )
        conn.create_function("inputs_fingerprint", inputs_fingerprint, ["varchar"], "varchar", side_effects=True)
        conn.create_function(
            "keep_ledger",
            lambda: keep_ledger(conn.cursor(), self.warehouse, self.key),
            [],
            "varchar",
            side_effects=True,
        )
        for function in (plan_file_faults, plan_file_rows):
            parameters = ["varchar", "varchar[]", "varchar"]
            conn.create_function(function.__name__, function, parameters, "varchar", side_effects=True)
        conn.create_function("made_of", lambda: made_of(get_flags().VARS), [], "varchar", side_effects=True)
        conn.create_function("git_commit", git_commit, [], "varchar", side_effects=True)
        conn.create_function("nodes_in_trouble", nodes_in_trouble, ["varchar"] * 3, "varchar")
        conn.create_function("var_faults", lambda: var_faults(get_flags().VARS), [], "varchar[]", side_effects=True)

    def configure_cursor(self, cursor: Any) -> None:
        """Set the padded keys, that of forgotten users where there is one."""
        set_keys(cursor, {**self.keys, **erasure_keys()})
