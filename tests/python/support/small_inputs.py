"""Small tables for Python models to read: keys and dates as built, the rest made up.

A column that hardly varies moves nothing, whatever is made of it. So features are made
of noise that follows from the row's key; who, when and which split a row is about stays
as it was built. Users are drawn by their first order: pseudonyms differ from clone to
clone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import duckdb
from precision_marketing.common.frames import PANEL_KEYS
from precision_marketing.estimators.tasks import ORDER_COLUMNS
from support.builds import BUILT_WAREHOUSE
from support.perturbed_models import run_model

ROW_ORDER = (*ORDER_COLUMNS, "category_level", "offer_id")
# Fewer draws: the same code, a part of the time. Fewer rows to learn than there are, as
# on real data. All reasons, as any may be moved.
SETTINGS = {
    "value_draws": 20,
    "bootstrap_draws": 20,
    "threads": 1,
    "fit_threads": 1,
    "uplift_min_arm_users": 10,
    "experiment_min_arm_users": 10,
    "cluster_min_users": 5,
    "uplift_folds": 2,
    "max_training_rows": 150,
    "importance_rows": 15,
    "cluster_restarts": 1,
    "value_min_repeat_users": 20,
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
        Holds the tables in its schema main, and as `built` the database that make build made; one
        thread, so that rows keep their order.
    settings : dict
        What models run with in place of their own settings.
    """

    nodes: dict[str, dict]
    connection: duckdb.DuckDBPyConnection = field(default_factory=lambda: duckdb.connect(config={"threads": 1}))
    settings: dict = field(default_factory=SETTINGS.copy)

    def __post_init__(self) -> None:
        """Attach what make build made, if it is not."""
        self.connection.execute(f"attach if not exists '{BUILT_WAREHOUSE}' as built (read_only)")

    def create(self, tables: dict[str, str]) -> None:
        """Create tables of queries, by name.

        Rows stand in an order that no pseudonym changes: which of them swap values when
        a column is permuted follows from it.
        """
        for name, query in tables.items():
            known = self.connection.sql(query).columns
            order = [each for each in ROW_ORDER if each in known] or ["all"]
            self.connection.execute(f"create table {name} as from ({query}) order by {', '.join(order)}")

    def columns(self, table: str, given: dict[str, str], left: Iterable[str]) -> str:
        """Return SQL of a built table's columns: given, left as they are, or noise.

        Noise follows from a column `key`.
        """
        kinds = self.connection.sql(f"describe built.{table}").fetchall()
        return ", ".join(
            f"{given[name]} as {name}" if name in given else name if name in left else f"{_noise(name, kind)} as {name}"
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


def noisy_features(inputs: Inputs, table: str, labels: str) -> str:
    """Return SQL of features made up, of the rows of a labels table that there is.

    It ends with first_order_id, by which rows get an order: drop it once they have.
    """
    own = inputs.connection.sql(f"from built.features.{table}").columns
    columns = inputs.columns(f"features.{table}", {}, {*PANEL_KEYS})
    keys = [name for name in inputs.connection.table(labels).columns if name in PANEL_KEYS and name in own]
    names = ["first_order_id", *(name for name in keys if name != "user_id")]
    return f"""
        select {columns}, first_order_id
        from (
            select *, concat_ws('/', {", ".join(names)}) as key
            from (select distinct first_order_id, {", ".join(keys)} from {labels})
        )
    """


def add_features(inputs: Inputs, table: str, labels: str) -> None:
    """Create a table of features made up, of the rows of a labels table."""
    inputs.create({table: noisy_features(inputs, table, labels)})
    inputs.connection.execute(f"alter table {table} drop column first_order_id")


def cluster_inputs(nodes: dict[str, dict], features: Iterable[str], most: int = 3) -> Inputs:
    """Return a panel, clusters made of some of its numbers, as many as 3 to `most`, and what comes of them."""
    inputs = Inputs(nodes)
    inputs.settings["cluster_counts"] = {"least": 3, "most": most}
    names = ", ".join(f"'{name}'" for name in features)
    inputs.create(
        {
            "lbl_user": """
                from built.labels.lbl_user
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
    add_features(inputs, "ftr_user__snapshot", "lbl_user")
    inputs.run("ml_cluster__stability", "ml_cluster__fits", "ml_user__clusters")
    return inputs


def value_inputs(nodes: dict[str, dict]) -> Inputs:
    """Return purchases of one user in six, and what is learnt of them."""
    inputs = Inputs(nodes)
    inputs.create(
        {
            name: f"from built.{folder}.{name} where hash(first_order_id) % 6 = 0"
            for folder, name in (("features", "ftr_user__purchases"), ("labels", "lbl_user__purchases"))
        }
    )
    inputs.run("ml_customer_value__test_period")
    # of few users another may be live: this one reads most
    inputs.connection.execute("update ml_customer_value__test_period set is_champion = estimator_name = 'learned'")
    inputs.run("ml_customer_value__estimator")
    return inputs


def uplift_inputs(nodes: dict[str, dict]) -> Inputs:
    """Return two randomised campaigns that are over and one to come, made up."""
    inputs = Inputs(nodes)
    drawn = "hash(key, 'arm') % 10"
    likely = "hash(key, 'outcome') % 10"
    keys = {"offer_id": "campaign_id"}
    left = {*PANEL_KEYS, "first_order_id", "is_over", "label_end_date"}
    labels = inputs.columns(
        "labels.lbl_user_offer__arms",
        {
            **keys,
            "arm": f"case when {drawn} < 6 then 'treatment' else 'control' end",
            "split_name": """
                case when not is_over then 'score'
                     when hash(key) % 2 = 0 then 'test' else 'train' end
            """,
            "treated_share": "(0.55 + 0.05 * campaign_id::integer)::double",
            "buying_outcome": (f"({likely} < 4 or {drawn} < 3 and {likely} < 7)::integer"),
            "redemption_outcome": f"({drawn} < 6 and {likely} < 4)::integer",
            "amount_outcome": f"({likely} + if({drawn} < 6, 2.5, 0))::double",
        },
        left,
    )
    features = inputs.columns("features.ftr_user_offer__uplift", keys, left)
    rows = """
        select *, first_order_id || campaign_id as key
        from (
            select distinct user_id, first_order_id from built.labels.lbl_user
            where hash(first_order_id) % 16 = 0
        ),
        (values ('1', true, date '2017-03-01', date '2017-04-01'),
                ('2', true, date '2017-05-01', date '2017-06-01'),
                ('3', false, date '2017-07-01', date '2017-08-01'))
            as campaigns(campaign_id, is_over, as_of_date, label_end_date)
    """
    inputs.create(
        {
            "lbl_user_offer__arms": f"select {labels} from ({rows})",
            "ftr_user_offer__uplift": f"""
                select {features}, first_order_id from ({rows})
            """,
        }
    )
    inputs.connection.execute("alter table ftr_user_offer__uplift drop column first_order_id")
    inputs.run("ml_user_offer__uplift")
    return inputs


def programme_inputs(nodes: dict[str, dict]) -> Inputs:
    """Return users and weeks of two phases of three weeks, all made up."""
    inputs = Inputs(nodes)
    users = inputs.columns(
        "campaigns.dec_programme_users",
        {
            "week_count": "3",
            "is_treated": "hash(user_id) % 3 > 0",
            "entered_week": "cast(hash(user_id, 'week') % 3 + 1 as int)",
        },
        {"phase", "user_id"},
    )
    weeks = inputs.columns("campaigns.dec_programme_weeks", {"week_number": "cast(week as int)"}, {"phase", "user_id"})
    known = """
        select phase, 'user ' || number as user_id, phase || number as key
        from range(500) as users (number), (values ('placebo'), ('programme')) as phases (phase)
    """
    inputs.create(
        {
            "dec_programme_users": f"select {users} from ({known})",
            "dec_programme_weeks": f"""
                select {weeks}
                from (select * replace (key || week as key), week from ({known}), range(1, 4) as weeks (week))
                where hash(key) % 2 = 0
            """,
        }
    )
    return inputs


def forecast_inputs(nodes: dict[str, dict]) -> Inputs:
    """Return campaigns that were seen, and a few that are planned, all made up."""
    inputs = Inputs(nodes)
    inputs.create(
        {
            "dec_campaign_responses": """
                select
                    'campaign ' || number as campaign_id,
                    'class ' || number % 2 as campaign_class,
                    cast(100 + hash(number) % 200 as bigint) as contact_count,
                    cast(case when number < 30 then 5 + hash(number, 'seen') % 40 end as bigint) as response_count,
                    cast(case when number >= 30 then 5 + hash(number, 'hoped') % 40 end as double) as expected_count,
                    0.5 + hash(number, 'share') % 50 / 100 as observed_share,
                    date '2017-01-02' + cast(9 * number as int) as starts_on,
                    date '2017-01-15' + cast(9 * number as int) as ends_on
                from range(34) as campaigns (number)
            """
        }
    )
    return inputs


def campaign_inputs(
    nodes: dict[str, dict], weekly_budget: float, exploratory: str, lift: float | None = None
) -> Inputs:
    """Return campaigns planned, one exploratory, to choose for, and measured; what lacks is made up."""
    inputs = Inputs(nodes)
    if lift:
        inputs.settings.update({"exploratory_lift": lift, "experiment_power": 0.5, "experiment_level": 0.8})
    options = inputs.columns(
        "campaigns.dec_options",
        {
            "weekly_budget_left": str(weekly_budget),
            "expected_cost": "0.5 + hash(key, 'cost') % 100 / 60.0",
            "expected_margin": "hash(key, 'margin') % 1000 / 150.0 - 1",
            "is_control": "hash(first_order_id, campaign_id) % 2 = 0",
            "is_exploratory": f"campaign_id = '{exploratory}'",
            "baseline_probability": "hash(key, 'baseline') % 100 / 1000.0",
            "treated_share": "0.5 + hash(key, 'treated') % 25 / 100.0",
        },
        {
            *PANEL_KEYS,
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
                from built.labels.lbl_user
            """,
            "dec_planned_arms": """
                select drawn.* replace (
                    case when hash(first_order_id, campaign_id) % 4 = 0 then 'control'
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
                        from built.labels.lbl_user
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
                    case when hash(first_order_id) % 3 = 0 then 'control'
                         else 'treatment' end as arm,
                    cast(0.6 + 0.1 * (hash(campaign_id) % 2) as double)
                        as treated_share,
                    'offer ' || hash(first_order_id, 'offer') % 2 as offer_id,
                    -- an effect far beyond chance, or all of them are shrunk to none
                    margin + case when hash(first_order_id) % 3 > 0 then 500 else 0 end as margin
                )
                from built.campaigns.dec_arm_outcomes as outcomes
                join firsts using (user_id)
                where campaign_id in ('18', '13')
            """,
        }
    )
    return inputs


def demand_inputs(nodes: dict[str, dict]) -> Inputs:
    """Return weeks of some products to learn demand from."""
    inputs = Inputs(nodes)
    inputs.create({"dem_learning": "from built.demand.dem_learning where hash(product_id) % 8 = 0"})
    return inputs


def list_inputs(nodes: dict[str, dict]) -> Inputs:
    """Return measures of the lists of some users."""
    inputs = Inputs(nodes)
    inputs.create(
        {"rec_user_measures": "from built.recommendations.rec_user_measures where hash(first_order_id) % 60 = 0"}
    )
    return inputs


def review_inputs(nodes: dict[str, dict]) -> Inputs:
    """Return reviews that name every aspect, in two languages and without."""
    inputs = Inputs(nodes)
    parts = (
        *("质量很棒", "物流太慢", "包装精美", "性价比高", "尺码偏小", "不新鲜", "客服也不理人"),
        *("it broke after two days", "fast delivery", "the box was damaged", "great value", "too small", "fresh"),
        *("rude staff", "Sehr gut und schön", "好", ""),
    )
    texts = ", ".join(f"('{part}')" for part in parts)
    inputs.create(
        {
            "rev_texts": f"""
                select
                    row_number() over (order by firsts.part, seconds.part)::varchar as review_id,
                    'user ' || hash(firsts.part || seconds.part) % 40 as user_id,
                    firsts.part || ', ' || seconds.part as review_text
                from (values {texts}) as firsts (part), (values {texts}) as seconds (part)
            """,
            "review_aspect_words": "from built.seeds.review_aspect_words",
        }
    )
    return inputs
