"""The rules of CONTRIBUTING.md hold for every node that dbt knows of."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import duckdb
import pytest
import yaml
from rules.nodes import LAYERS, Node, is_mart, layer, own_nodes, parents, source_text
from support.builds import BUILT_WAREHOUSE, PROJECT_FOLDER, DbtRuns, attach_vault

from operations.docs_site import overview
from operations.layers import layer_of

READ_BY_PYTHON = ("ftr_", "lbl_", "rec_", "dem_", "mkt_", "rev_", "dec_", "ml_", "stg_")
# Rows of these have no key to test.
MARTS_WITHOUT_KEY = {
    "rejected_rows": "a source row may be rejected as often as the source repeats it",
    "evaluated_rows": "repeats estimator_predictions, whose key is tested, per slice",
}
# What says who somebody is, wherever it stands.
PERSONAL_COLUMNS = {
    "email",
    "phone",
    "full_name",
    "first_name",
    "last_name",
    "street_address",
    "postal_code",
    "push_token",
}
# Marts of checked rows that need not wait for the verdict on them.
MARTS_BEFORE_THE_VERDICT = {"data_quality": "is the verdict", "rejected_rows": "shows why the build stopped"}
MOST_LINES_OF_SQL = 150
MOST_LINES_OF_PYTHON = 25

# What Spark lacks or spells otherwise, and what stands in its place.
DUCKDB_ONLY = {
    r"(?<![\w.])date_diff\(": "dbt.datediff",
    r"(?<![\w.])sha256\(": "a dispatched macro",
    r"(?<![\w.])list\(": "array_agg",
    r"(?<![\w.])arg_(max|min)\(": "max_by, min_by",
    r"(?<![\w.])quantile_cont\(": "percentile_cont",
    r"(?<![\w.])generate_series\(": "dbt.generate_series, dbt.date_spine",
    r"(?<![\w.])unnest\(": "a join",
    r"(?<![\w.])epoch\(": "dbt.datediff",
    r"(?<![\w.])strftime\(": "a dispatched macro",
    r" exclude\b": "the columns, written out",
    r"\*\s+replace\b": "the columns, written out",
    r" // ": "floor",
    r"\basof\b": "an inequality join",
}


@pytest.fixture(scope="module")
def manifest(dbt: DbtRuns) -> Node:
    """What dbt knows of the project."""
    return dbt.manifest()


def test_every_node_is_described(manifest: Node) -> None:
    nodes = own_nodes(manifest, "model", "seed", "source", "exposure")
    silent = [node["unique_id"] for node in nodes if not node["description"].strip()]
    silent += [node["unique_id"] for node in own_nodes(manifest, "source") if not node["source_description"].strip()]
    assert silent == []


def test_every_column_that_is_named_is_described(manifest: Node) -> None:
    silent = [
        f"{node['name']}.{column['name']}"
        for node in own_nodes(manifest, "model", "seed", "source")
        for column in node["columns"].values()
        # a comma in an unquoted description of one line cuts it off
        if not column["description"].strip().endswith((".", ")"))
    ]
    assert silent == []


def test_the_columns_described_are_the_columns_built(manifest: Node) -> None:
    if not BUILT_WAREHOUSE.exists():
        pytest.skip(f"COLUMNS NOT CHECKED: no {BUILT_WAREHOUSE}; run make build.")
    with duckdb.connect(str(BUILT_WAREHOUSE), read_only=True) as connection:
        attach_vault(connection, BUILT_WAREHOUSE, key=None)
        built = dict(
            connection.execute("""
                select
                    concat(table_schema, '.', table_name),
                    array_agg(column_name)
                from information_schema.columns
                group by table_schema, table_name
            """).fetchall()
        )
    differing = {}
    for node in own_nodes(manifest, "model", "seed"):
        table = f"{node['schema']}.{node['name']}"
        # built by `make backtest` alone
        if "full_grid" in node["tags"] and table not in built:
            continue
        if columns := set(built.get(table, [])) ^ set(node["columns"]):
            differing[table] = sorted(columns)
    assert differing == {}


def test_every_model_stands_in_a_listed_folder(manifest: Node) -> None:
    models = own_nodes(manifest, "model")
    lost = [model["name"] for model in models if layer_of(model, LAYERS) is None]
    assert lost == []
    # and no folder is listed that holds none
    assert {layer_of(model, LAYERS) for model in models} == set(LAYERS)


def test_no_reference_runs_back(manifest: Node) -> None:
    layers = {model["unique_id"]: layer_of(model, LAYERS) for model in own_nodes(manifest, "model")}
    backward = [
        f"{name} ({own.folder}) refers to {parent} ({layers[parent].folder})"
        for name, own in layers.items()
        for parent in manifest["parent_map"][name]
        if parent in layers and layers[parent].number > own.number
    ]
    assert backward == []


def test_the_overview_is_drawn_from_the_order() -> None:
    assert overview.FILE.read_text() == overview.overview(LAYERS)


def test_names_follow_their_folder(manifest: Node) -> None:
    misnamed = [
        model["name"]
        for model in own_nodes(manifest, "model")
        if not is_mart(model)
        and not model["name"].startswith(
            "ml_" if model["language"] == "python" and layer(model) != "staging" else layer_of(model, LAYERS).prefix
        )
    ]
    assert misnamed == []


def test_staging_models_name_their_folder(manifest: Node) -> None:
    misnamed = [
        model["name"]
        for model in own_nodes(manifest, "model")
        if layer(model) == "staging"
        and not model["name"].startswith(f"stg_{Path(model['original_file_path']).parts[2]}__")
    ]
    assert misnamed == []


def test_marts_and_intake_have_contracts(manifest: Node) -> None:
    free = [
        model["name"]
        for model in own_nodes(manifest, "model")
        if (layer(model) == "intake" or is_mart(model)) and not model["config"]["contract"]["enforced"]
    ]
    assert free == []


def test_marts_have_a_tested_key(manifest: Node) -> None:
    keyed = {
        test["attached_node"]
        for test in own_nodes(manifest, "test")
        if test.get("test_metadata", {}).get("name") == "unique_key"
    }
    without = {
        model["name"] for model in own_nodes(manifest, "model") if is_mart(model) and model["unique_id"] not in keyed
    }
    assert without == set(MARTS_WITHOUT_KEY)


def test_only_staging_reads_sources(manifest: Node) -> None:
    readers = [
        node["name"]
        for node in own_nodes(manifest, "model")
        if layer(node) != "staging" and parents(manifest, node, "source")
    ]
    assert readers == []


def test_staging_reads_the_source_of_its_folder(manifest: Node) -> None:
    foreign = {
        model["name"]: sorted(read)
        for model in own_nodes(manifest, "model")
        if layer(model) == "staging"
        and (folder := Path(model["original_file_path"]).parts[2]) != "calendar"
        and (
            read := {
                name.split(".")[-2] for name in manifest["parent_map"][model["unique_id"]] if name.startswith("source.")
            }
            | {name.removeprefix("stg_").split("__")[0] for name in parents(manifest, model, "model")}
        )
        != {folder}
    }
    assert foreign == {}


def test_no_model_opens_a_file_by_itself(manifest: Node) -> None:
    # which files a table has, and how they are read, is said once, with its source
    opening = [
        model["name"]
        for model in own_nodes(manifest, "model")
        if re.search(
            r"\bread_(csv|parquet|json)\w*\(|file_rows\((?!source\()"
            r"|from\s+'[^']+\.(csv|parquet)'",
            model["raw_code"],
            re.IGNORECASE,
        )
    ]
    assert opening == []


def code_below_staging(manifest: Node) -> dict[str, str]:
    """Return the text, by place, of all that runs whatever shop is read."""
    code = {
        model["original_file_path"]: model["raw_code"]
        for model in own_nodes(manifest, "model")
        if layer(model) != "staging"
    }
    code |= {
        macro["unique_id"]: macro["macro_sql"]
        for macro in manifest["macros"].values()
        if macro["package_name"] == "precision_marketing"
    }
    return code | {
        str(file.relative_to(PROJECT_FOLDER)): file.read_text()
        for file in (PROJECT_FOLDER / "python_models").rglob("*.py")
    }


def test_no_code_but_stagings_names_a_shop(manifest: Node) -> None:
    project = yaml.safe_load((PROJECT_FOLDER / "dbt_project.yml").read_text())
    shops = set(project["vars"]["shops"]) | {source["source_name"] for source in own_nodes(manifest, "source")}
    assert len(shops) > 1
    named = re.compile("|".join(shop.replace("_", "[ _-]?") for shop in sorted(shops)), re.IGNORECASE)
    naming = {
        place: match.group() for place, text in code_below_staging(manifest).items() if (match := named.search(text))
    }
    assert naming == {}


def test_no_code_reads_the_truth_behind_a_synthetic_shop(manifest: Node) -> None:
    code = code_below_staging(manifest) | {
        model["original_file_path"]: model["raw_code"] for model in own_nodes(manifest, "model")
    }
    reading = [
        place
        for place, text in code.items()
        if re.search(r"\btruth\b\W{0,3}\.|['\"]truth['\"]", without_comments(text), re.I)
    ]
    reading += [source["unique_id"] for source in own_nodes(manifest, "source") if source["schema"] == "truth"]
    assert reading == []


def classification(column: Node) -> str | None:
    """Return what kind of data a column holds, where its YAML says so."""
    return {**column["meta"], **column["config"]["meta"]}.get("classification")


def test_what_says_who_somebody_is_is_classed_personal(manifest: Node) -> None:
    columns = [
        (node["name"], column["name"], classification(column))
        for node in own_nodes(manifest, "model", "seed", "source")
        for column in node["columns"].values()
    ]
    named = {column[:2] for column in columns if column[1].lower() in PERSONAL_COLUMNS}
    personal = {column[:2] for column in columns if column[2] == "personal"}
    assert named
    assert named - personal == set()


def test_no_model_outside_the_vault_has_a_personal_column(manifest: Node) -> None:
    leaking = [
        f"{node['schema']}.{node['name']}.{column['name']}"
        for node in own_nodes(manifest, "model", "seed")
        for column in node["columns"].values()
        if classification(column) == "personal" and node["database"] != "vault"
    ]
    assert leaking == []


REDACTED = {("intake_own_names", "intake_events"), ("intake_own_names", "intake_reviews")}


def test_only_the_vault_reads_the_vault(manifest: Node) -> None:
    vault = [model for model in own_nodes(manifest, "model") if model["database"] == "vault"]
    assert {"people"} < {model["name"] for model in vault}
    readers = [
        f"{child['name']} reads {model['name']}"
        for model in vault
        for name in manifest["child_map"][model["unique_id"]]
        if not name.startswith(("test.", "unit_test."))
        and (child := {**manifest["nodes"], **manifest["exposures"]}[name]).get("database") != "vault"
        # rows of a source that staging keeps, with ids that intake takes from them
        and (layer(model) != "staging" or layer(child) != "staging")
        # names that users wrote into their texts are looked for, and taken out
        and (model["name"], child["name"]) not in REDACTED
    ]
    assert readers == []


def test_marts_wait_for_the_verdict_on_what_they_are_made_of(manifest: Node) -> None:
    @cache
    def ancestors(unique_id: str) -> set[str]:
        above = set(manifest["parent_map"].get(unique_id, []))
        return above.union(*map(ancestors, above))

    marts = {
        model["name"]: {name.split(".")[-1] for name in ancestors(model["unique_id"])}
        for model in own_nodes(manifest, "model")
        if is_mart(model) or model["name"].startswith("ftr_")
    }
    hasty = {
        name
        for name, above in marts.items()
        if any(re.fullmatch(r"int_\w+_checked", parent) for parent in above) and "data_quality" not in above
    }
    assert hasty == set(MARTS_BEFORE_THE_VERDICT)


def test_no_model_asks_which_engine_runs_it(manifest: Node) -> None:
    asking = [
        model["name"]
        for model in own_nodes(manifest, "model")
        if re.search(r"\btarget\.(type|name)\b", model["raw_code"])
    ]
    assert asking == []


def test_python_models_read_features_and_seeds(manifest: Node) -> None:
    foreign = {
        model["name"]: names
        for model in own_nodes(manifest, "model")
        if model["language"] == "python"
        and (
            names := [name for name in parents(manifest, model, "model") if not name.startswith(READ_BY_PYTHON)]
            + parents(manifest, model, "source")
        )
    }
    assert foreign == {}


def test_models_are_short(manifest: Node) -> None:
    most = {"sql": MOST_LINES_OF_SQL, "python": MOST_LINES_OF_PYTHON}
    long = {
        model["name"]: lines
        for model in own_nodes(manifest, "model")
        if (lines := len(source_text(model).splitlines())) > most[model["language"]]
    }
    assert long == {}


def test_the_first_line_of_a_model_is_its_grain(manifest: Node) -> None:
    starts = {"sql": "-- one row per ", "python": '"""One row per '}
    silent = [
        model["name"]
        for model in own_nodes(manifest, "model")
        if not source_text(model).startswith(starts[model["language"]])
    ]
    assert silent == []


def test_models_speak_the_sql_that_engines_share(manifest: Node) -> None:
    found = [
        f"{model['name']}: write {instead} in place of {match.group().strip()}"
        for model in own_nodes(manifest, "model")
        if model["language"] == "sql"
        for pattern, instead in DUCKDB_ONLY.items()
        for match in re.finditer(pattern, without_comments(model["raw_code"]), re.I)
    ]
    assert found == []


def without_comments(sql: str) -> str:
    """SQL without what is said about it."""
    return re.sub(r"--[^\n]*|\{#.*?#\}", "", sql, flags=re.DOTALL)


def test_a_published_aggregate_is_tested_for_small_cells(manifest: Node) -> None:
    tested = {
        node["attached_node"]
        for node in manifest["nodes"].values()
        if (node.get("test_metadata") or {}).get("name") == "no_small_cells"
    }
    unjudged = [
        node["name"]
        for node in own_nodes(manifest, "model")
        if node["config"]["contract"]["enforced"]
        and is_mart(node)
        and node["database"] != "vault"
        and node["config"]["meta"].get("published", True)
        and "user_id" not in node["columns"]
        and "full_grid" not in node["tags"]
        and node["unique_id"] not in tested
        and not node["config"]["meta"].get("no_cells_of_users")
    ]
    assert len(tested) >= 7
    assert unjudged == []
