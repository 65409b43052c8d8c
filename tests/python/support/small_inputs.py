"""Small tables for Python models to read: keys and dates as built, the rest made up.

A column that hardly varies moves nothing, whatever is made of it. So features are made
of noise that follows from the row's key; who, when and which split a row is about stays
as it was built. Users are drawn by their first order: pseudonyms differ from clone to
clone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import duckdb
from precision_marketing.estimators.tasks import (
    FRAME_COLUMNS,
    KEY_COLUMNS,
    ORDER_COLUMNS,
)
from precision_marketing.uplift.campaigns import FRAME_COLUMNS as ARM_COLUMNS
from support.builds import BUILT_WAREHOUSE
from support.perturbed_models import run_model

GRAINS = ("user", "user_category", "user_offer")
# Per grain, a task of two classes whose rows are the panel's.
BASE_TASKS = dict(zip(GRAINS, ("lapse_28d", "category_28d", "redeem"), strict=True))
# Per grain, enough rows to learn from, and few to judge and score.
PANEL_ROWS = {
    "user": """
        hash(first_order_id) % 40 = 0
        and (as_of_date < '2017-11-01' or split_name = 'score')
    """,
    "user_category": """
        hash(first_order_id) % 80 = 0 and hash(category_name) % 5 < 2
        and (as_of_date < '2017-11-01' or split_name = 'score')
    """,
    "user_offer": """
        hash(first_order_id) % 3 = 0 and as_of_date < '2017-07-01'
        or hash(first_order_id) % 8 = 0 and split_name = 'test'
        and campaign_id in ('13', '18', '20')
        or hash(first_order_id) % 60 = 0 and campaign_id in ('15', '2018-01-meat')
    """,
}
ROW_ORDER = (*ORDER_COLUMNS, "category_level", "offer_id")
# Fewer draws: the same code, a part of the time. Fewer rows to learn than there are, as
# on real data. All reasons, as any may be moved.
SETTINGS = {
    "draws": 20,
    "bootstrap_draws": 20,
    "threads": 1,
    "min_arm_users": 10,
    "min_users": 5,
    "folds": 2,
    "max_training_rows": 150,
    "restarts": 1,
    "most_count": 4,
    "min_repeat_users": 20,
    "reason_count": 200,
    "budget_shares": [0.5, 1.0, 2.0],
}


@dataclass(frozen=True)
class Inputs:
    """Tables that models read, in a database in memory.

    Parameters
    ----------
    nodes : dict of str to dict
        Models of the manifest, by name.
    connection : duckdb.DuckDBPyConnection
        Holds the tables in its schema main; one thread, so that rows keep their order.
    settings : dict
        What models run with in place of their own settings.
    """

    nodes: dict[str, dict]
    connection: duckdb.DuckDBPyConnection = field(
        default_factory=lambda: duckdb.connect(config={"threads": 1})
    )
    settings: dict = field(default_factory=SETTINGS.copy)

    def create(self, tables: dict[str, str]) -> None:
        """Create tables of queries, by name; `built` is the database of make build.

        Rows stand in an order that no pseudonym changes: which of them swap values when
        a column is permuted follows from it.
        """
        with self.built():
            for name, query in tables.items():
                known = self.connection.sql(query).columns
                order = [each for each in ROW_ORDER if each in known] or ["all"]
                self.connection.execute(
                    f"create table {name} as from ({query}) order by {', '.join(order)}"
                )

    @contextmanager
    def built(self) -> Iterator[None]:
        """Attach the database that make build made, as `built`."""
        self.connection.execute(f"attach '{BUILT_WAREHOUSE}' as built (read_only)")
        yield
        self.connection.execute("detach built")

    def columns(self, table: str, given: dict[str, str], left: Iterable[str]) -> str:
        """Return SQL of a built table's columns: given, left as they are, or noise.

        Noise follows from a column `key`.
        """
        with self.built():
            kinds = self.connection.sql(f"describe built.{table}").fetchall()
        return ", ".join(
            f"{given[name]} as {name}"
            if name in given
            else name
            if name in left
            else f"{_noise(name, kind)} as {name}"
            for name, kind, *_ in kinds
        )

    def run(self, *names: str) -> None:
        """Run Python models, each into a table of its name, for the next to read."""
        for name in names:
            found = run_model(self.nodes[name], self.connection, self.settings)
            self.connection.execute(f"create or replace table {name} as from found")
            del found


def _noise(column: str, kind: str) -> str:
    """Return SQL of a value that follows from the row's key; one in 13 is missing."""
    draw = f"hash(key, '{column}')"
    if kind == "VARCHAR":
        known = f"'kind ' || {draw} % 3"
    elif kind == "BOOLEAN":
        known = f"{draw} % 2 = 0"
    elif kind == "DOUBLE":
        known = f"({draw} % 1000) / 100.0"
    else:
        known = f"({draw} % 17)::{kind}"
    return f"case when {draw} % 13 > 0 then {known} end"


def panel_of_noise(inputs: Inputs, grain: str) -> str:
    """Return SQL of a panel, its features made up."""
    panel = f"features.ftr_{grain}__panel"
    columns = inputs.columns(panel, {}, {*FRAME_COLUMNS, *KEY_COLUMNS})
    with inputs.built():
        known = inputs.connection.table(f"built.{panel}").columns
    key = ", ".join(name for name in ORDER_COLUMNS if name in known)
    return f"""
        select {columns}
        from (select *, concat_ws('/', {key}) as key from built.{panel})
    """


def learning_inputs(
    nodes: dict[str, dict], grain: str, seeds: dict[str, str], *, is_brief: bool = False
) -> Inputs:
    """Return the panel of a grain and all that learning makes of it.

    Parameters
    ----------
    nodes : dict of str to dict
        Models of the manifest, by name.
    grain : str
        The panels of other grains are empty.
    seeds : dict of str to str
        Queries of ``learning_tasks`` and ``plain_rules``: `seeds_of_tasks` or
        `seeds_of_features`.
    is_brief : bool
        Judge one fit per split only.
    """
    inputs = Inputs(nodes)
    inputs.create(
        {
            f"ftr_{each}__panel": f"from built.features.ftr_{each}__panel limit 0"
            for each in GRAINS
            if each != grain
        }
    )
    inputs.create(
        {
            f"ftr_{grain}__panel": f"""
                from ({panel_of_noise(inputs, grain)}) where {PANEL_ROWS[grain]}
            """,
            **seeds,
            "estimator_pins": "from built.seeds.estimator_pins",
            "reason_texts": "from built.seeds.reason_texts",
            "ftr_departments": "from built.features.ftr_departments",
            "ml_estimator_registry": (
                "from built.learning.ml_estimator_registry limit 0"
            ),
        }
    )
    if is_brief:
        inputs.connection.execute(f"""
            delete from ftr_{grain}__panel as panel
            where split_name in ('validation', 'test') and train_until_date <> (
                select min(train_until_date) from ftr_{grain}__panel as others
                where others.split_name = panel.split_name
            )
        """)
    inputs.run("ml_validation")
    # noise cannot be learnt: that an estimator may go live is made up, too
    inputs.connection.execute("""
        update ml_validation set prediction = case
            when is_plain_rule then hash(first_order_id, as_of_date) % 100
            when outcome in (0, 1) then 0.2 + 0.6 * outcome
            else outcome
        end
    """)
    inputs.run("ml_estimator_registry", "ml_test", f"ml_{grain}__scores")
    return inputs


def registry_inputs(nodes: dict[str, dict], grain: str) -> Inputs:
    """Return what the registry reads: two families each, versions kept, and a pin."""
    seeds = seeds_of_tasks(grain, "*_28d category_name")
    seeds["learning_tasks"] = f"""
        select * replace (if(label_kind = 'amount',
            'linear_regression decision_tree', 'logistic_regression decision_tree'
        ) as families)
        from ({seeds["learning_tasks"]})
    """
    inputs = learning_inputs(nodes, grain, seeds)
    kept = BASE_TASKS[grain]
    inputs.connection.execute(f"""
        insert into estimator_pins values ('{kept}', 'kept');
        insert into estimator_pins
        select 'no task', estimator_version from ml_estimator_registry
        where task = '{kept}' and status = 'live';
        update ml_estimator_registry set estimator_name = 'logistic_regression'
        where status = 'live';
        update ml_estimator_registry set estimator_version = 'kept'
        where task = '{kept}' and status = 'live';
        -- two families that tie, and tasks that neither of them may predict
        update ml_validation set prediction = case
            when is_plain_rule or task in ('spend_28d', 'buy_7d')
            then hash(first_order_id, as_of_date, estimator_name) % 100
            when hash(first_order_id, as_of_date, estimator_name) % 9 = 0 then 0.5
            else prediction
        end
    """)
    return inputs


def seeds_of_tasks(
    grain: str, patterns: str = "*", task: str = "*", population: str | None = None
) -> dict[str, str]:
    """Return the tasks of a grain, on lines: the fastest family, which reads all."""
    return {
        "learning_tasks": f"""
            select * replace (
                '{patterns}' as feature_patterns,
                {f"'{population}'" if population else "population_column"}
                    as population_column,
                case when label_kind = 'amount' then 'linear_regression'
                     when task in ('buy_7d', 'department_28d', 'redeem')
                     then 'logistic_regression average' else 'logistic_regression'
                end as families
            )
            from built.seeds.learning_tasks
            where grain = '{grain}' and task glob '{task}'
        """,
        "plain_rules": """
            from built.seeds.plain_rules
            where task in (select task from learning_tasks)
        """,
    }


def seeds_of_features(grain: str, features: Iterable[str]) -> dict[str, str]:
    """Return tasks that read one feature each and are called like it."""
    names = ", ".join(f"'{name}'" for name in features)
    return {
        "learning_tasks": f"""
            select seed.* replace (
                feature as task, feature as feature_patterns,
                'logistic_regression' as families
            )
            from built.seeds.learning_tasks as seed,
                (select unnest([{names}]) as feature)
            where seed.task = '{BASE_TASKS[grain]}'
        """,
        # a rule that reads no feature
        "plain_rules": """
            select task, 'known' as rule_name, label_column as column_name,
                1 as direction
            from learning_tasks
        """,
    }


def cluster_inputs(nodes: dict[str, dict], features: Iterable[str]) -> Inputs:
    """Return a panel, clusters made of some of its numbers, and what comes of them."""
    inputs = Inputs(nodes)
    names = ", ".join(f"'{name}'" for name in features)
    inputs.create(
        {
            "ftr_user__panel": f"""
                from ({panel_of_noise(inputs, "user")})
                where hash(first_order_id) % 40 = 0
                and (split_name = 'score'
                     or as_of_date between '2017-08-20' and '2017-10-20')
            """,
            "cluster_features": f"""
                select feature_name,
                    if(hash(feature_name) % 2 = 0, 'rfm', 'taste') as feature_group,
                    'much ' || feature_name as high_words,
                    'little ' || feature_name as low_words
                from (select unnest([{names}]) as feature_name)
                union all
                from built.seeds.cluster_features where feature_name like '%{{%'
            """,
            "ftr_departments": """
                from built.features.ftr_departments where department_slot < 4
            """,
        }
    )
    inputs.run("ml_cluster__stability", "ml_cluster__fits", "ml_user__clusters")
    return inputs


def value_inputs(nodes: dict[str, dict]) -> Inputs:
    """Return purchases of one user in six, and what is learnt of them."""
    inputs = Inputs(nodes)
    inputs.create(
        {
            name: f"from built.features.{name} where hash(first_order_id) % 6 = 0"
            for name in ("ftr_user__purchases", "lbl_user__purchases")
        }
    )
    inputs.run("ml_customer_value__holdout")
    # of few users another may be live: this one reads most
    inputs.connection.execute(
        "update ml_customer_value__holdout set is_live = estimator_name = 'learned'"
    )
    inputs.run("ml_customer_value__estimator")
    return inputs


def uplift_inputs(nodes: dict[str, dict]) -> Inputs:
    """Return two randomised campaigns that are over and one to come, made up."""
    inputs = Inputs(nodes)
    drawn = "hash(key, 'arm') % 10"
    likely = "hash(key, 'outcome') % 10"
    columns = inputs.columns(
        "features.ftr_user_offer__uplift",
        {
            "arm": f"case when {drawn} < 6 then 'treatment' else 'holdout' end",
            "split_name": """
                case when not is_over then 'score'
                     when hash(key) % 2 = 0 then 'test' else 'train' end
            """,
            "treated_share": "(0.55 + 0.05 * campaign_id::integer)::double",
            "buying_outcome": (
                f"({likely} < 4 or {drawn} < 3 and {likely} < 7)::integer"
            ),
            "redemption_outcome": f"({drawn} < 6 and {likely} < 4)::integer",
            "amount_outcome": f"({likely} + if({drawn} < 6, 2.5, 0))::double",
        },
        ARM_COLUMNS,
    )
    inputs.create(
        {
            "ftr_user_offer__uplift": f"""
                select {columns}
                from (
                    select *, first_order_id || campaign_id as key
                    from (
                        select distinct user_id, first_order_id
                        from built.features.ftr_user__panel
                        where hash(first_order_id) % 16 = 0
                    ),
                    (values ('1', true, date '2017-03-01', date '2017-04-01'),
                            ('2', true, date '2017-05-01', date '2017-06-01'),
                            ('3', false, date '2017-07-01', date '2017-08-01'))
                        as campaigns(campaign_id, is_over, as_of_date, label_end_date)
                )
            """
        }
    )
    inputs.run("ml_user_offer__uplift")
    return inputs


def campaign_inputs(nodes: dict[str, dict], weekly_budget: float) -> Inputs:
    """Return campaigns planned, to choose for, and measured; what lacks is made up."""
    inputs = Inputs(nodes)
    options = inputs.columns(
        "campaigns.dec_options",
        {
            "weekly_budget_left": str(weekly_budget),
            "expected_cost": "0.5 + hash(key, 'cost') % 100 / 60.0",
            "expected_margin": "hash(key, 'margin') % 1000 / 150.0 - 1",
            "is_held_out": "hash(first_order_id, campaign_id) % 2 = 0",
        },
        {
            *KEY_COLUMNS,
            "first_order_id",
            "allocation_name",
            "offer_id",
            "channel",
            "priority",
            "budget_amount",
            "stock_cap",
            "most_contacts_per_week",
        },
    )
    inputs.create(
        {
            "firsts": """
                select distinct user_id, first_order_id
                from built.features.ftr_user__panel
            """,
            "dec_planned_arms": """
                select drawn.* replace (
                    case when hash(first_order_id, campaign_id) % 4 = 0 then 'holdout'
                         else 'treatment' end as arm
                )
                from built.campaigns.dec_planned_arms as drawn
                join firsts using (user_id)
            """,
            # two campaigns that share a week, and one by itself: each limit binds
            "dec_options": f"""
                select {options}
                from (
                    select user_id, first_order_id, as_of_date, offers.*,
                        first_order_id || offer_id as key
                    from (
                        from built.features.ftr_user__panel
                        where split_name = 'score' and hash(first_order_id) % 12 = 0
                    ),
                    (values ('week', 'a', 'a1', 'mail', 1, 9.0, 5, 15),
                            ('week', 'a', 'a2', 'push', 1, 9.0, 20, 7),
                            ('week', 'b', 'b1', 'mail', 2, 4.0, 9, 15),
                            ('week', 'd', 'd1', 'push', 2, 60.0, 40, 7),
                            ('week', 'd', 'd2', 'mail', 2, 60.0, 4, 15),
                            ('c', 'c', 'c1', 'mail', 1, 14.0, 5, 15),
                            ('c', 'c', 'c2', 'push', 1, 14.0, 40, 7))
                        as offers(allocation_name, campaign_id, offer_id, channel,
                            priority, budget_amount, stock_cap, most_contacts_per_week)
                )
                where hash(key) % 3 > 0
            """,
            "dec_arm_outcomes": """
                select outcomes.* replace (
                    'randomised' as measurement,
                    case when hash(first_order_id) % 3 = 0 then 'holdout'
                         else 'treatment' end as arm,
                    cast(0.6 + 0.1 * (hash(campaign_id) % 2) as double)
                        as treated_share,
                    'offer ' || hash(first_order_id, 'offer') % 2 as offer_id
                )
                from built.campaigns.dec_arm_outcomes as outcomes
                join firsts using (user_id)
                where campaign_id in ('18', '13')
            """,
        }
    )
    return inputs
