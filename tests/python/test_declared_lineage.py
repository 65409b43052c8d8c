"""Python models, run with a column perturbed: does their declared lineage hold?"""

from __future__ import annotations

import json
from collections.abc import Iterator

import duckdb
import pytest
from builds import BUILT_WAREHOUSE, PROJECT_FOLDER
from lineage.declared import declared_lineage
from lineage.relations import read_relations
from perturbed_models import VARIANTS, Column, fingerprint, perturb, run_model
from precision_marketing.tasks import FRAME_COLUMNS

TARGET = PROJECT_FOLDER / "target"
# Fewer draws: the same code, a part of the time.
SETTINGS = {"draws": 20, "threads": 1, "min_arm_users": 10}
# Small tables of the built database; what its shop lacks is made up.
INPUTS = {
    "dec_drawn": "from built.deciding.dec_drawn where hash(user_id) % 3 = 0",
    # two campaigns that share a week, of unlike priority and limits that bind
    "dec_options": """
        select options.* replace (
            case when campaign_id like 'draft-%' then 'week' else campaign_id end
                as allocation_name,
            1 + (hash(campaign_id) % 2)::int as priority,
            (3 + hash(campaign_id) % 5)::double as budget_amount,
            (4 + hash(offer_id) % 7)::bigint as stock_cap,
            (15 + hash(channel) % 3)::bigint as most_contacts_per_week,
            9.0 as weekly_budget_left
        )
        from built.deciding.dec_options as options where hash(user_id) % 6 = 0
    """,
    "ftr_user_campaign__outcomes": """
        select outcomes.* replace (
            'randomised' as measurement,
            case when hash(user_id) % 3 = 0 then 'holdout' else 'treatment' end as arm,
            cast(0.6 + 0.1 * (hash(campaign_id) % 2) as double) as treated_share,
            'offer ' || hash(user_id, 'offer') % 2 as offer_id
        )
        from built.features.ftr_user_campaign__outcomes as outcomes
        where campaign_id in ('18', '13')
    """,
    "ftr_user__purchases": """
        from built.features.ftr_user__purchases where hash(user_id) % 12 = 0
    """,
    "ml_customer_value__estimator": "from built.learning.ml_customer_value__estimator",
    "ftr_user__panel": """
        from built.features.ftr_user__panel
        where hash(user_id) % 20 = 0 and (split_name = 'score' or hash(user_id) % 3 = 0)
    """,
    "ml_cluster__fits": "from built.learning.ml_cluster__fits",
}
MODELS = (
    "ml_campaign_checks",
    "ml_campaign_results",
    "ml_user__clusters",
)


@pytest.fixture(scope="module")
def tables() -> Iterator[duckdb.DuckDBPyConnection]:
    """Return a database of small inputs."""
    if not BUILT_WAREHOUSE.exists():
        pytest.fail(
            f"No database at {BUILT_WAREHOUSE}: run make build first.", pytrace=False
        )
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute(f"attach '{BUILT_WAREHOUSE}' as built (read_only)")
        for name, query in INPUTS.items():
            connection.execute(f"create table {name} as {query}")
        connection.execute("detach built")
        yield connection


@pytest.fixture(scope="module")
def manifest() -> dict:
    """Return the manifest of the last docs."""
    return json.loads((TARGET / "manifest.json").read_text())


@pytest.fixture(scope="module")
def catalog() -> dict:
    """Return the catalog of the last docs."""
    return json.loads((TARGET / "catalog.json").read_text())


def groups(read: list[Column]) -> list[list[Column]]:
    """Return columns one by one, the features of a panel together."""
    features = [
        each for each in read if "panel" in each[0] and each[1] not in FRAME_COLUMNS
    ]
    alone = [[each] for each in read if each not in features]
    return [*alone, features] if features else alone


@pytest.mark.parametrize("name", MODELS)
def test_declared_lineage_is_what_perturbed_columns_move(
    name: str,
    tables: duckdb.DuckDBPyConnection,
    manifest: dict,
    catalog: dict,
) -> None:
    node = manifest["nodes"][f"model.precision_marketing.{name}"]
    relations = read_relations(manifest, catalog)
    inputs = {
        relations[each].name: relations[each] for each in node["depends_on"]["nodes"]
    }
    before = run_model(node, tables, SETTINGS)
    assert len(before)
    declared, rows = declared_lineage(
        name, node["config"]["meta"]["lineage"], tuple(before.columns), inputs
    )
    names = {relation.unique_id: relation.name for relation in inputs.values()}
    edges = {
        (names[unique_id], column): {
            output
            for output, origins in declared.items()
            if (unique_id, column) in origins
        }
        for unique_id, column in {each for found in declared.values() for each in found}
    }
    every = [(each, column) for each in inputs for column in inputs[each].columns]
    deciding = {(names[unique_id], column) for unique_id, column in rows}
    faults = []
    for read in groups(every):
        outputs = set().union(*(edges.get(each, set()) for each in read))
        others = [column for column in before.columns if column not in outputs]
        moved, stirred = set(), set()
        for variant in VARIANTS:
            try:
                after = run_model(
                    node, tables, SETTINGS, perturb(tables, read, variant)
                )
            except (ValueError, KeyError):
                # a value that the model refuses is read, for whatever it gives
                moved |= outputs or {"anything"}
                continue
            stirred |= {
                column
                for column in before.columns
                if fingerprint(before, [column]) != fingerprint(after, [column])
            }
            moved |= {
                output
                for output in outputs
                if fingerprint(before, [*others, output])
                != fingerprint(after, [*others, output])
            }
        if deciding & set(read):
            # with the rows any column may move
            if not moved | stirred:
                faults.append(f"unconfirmed: {read[0]} does not decide rows")
        else:
            undeclared = (moved | stirred) - outputs
            faults += [f"undeclared: {read[0]} moves {each}" for each in undeclared]
        faults += [
            f"unconfirmed: {read[0]} never moves {each}" for each in outputs - moved
        ]
    assert not faults, "\n" + "\n".join(sorted(faults))
