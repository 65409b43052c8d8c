"""Small labels and features of a grain, and all that learning makes of them."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from precision_marketing.common.frames import PANEL_KEYS
from support.small_inputs import Inputs, add_features

GRAINS = ("user", "user_category", "user_product", "user_offer", "user_tier")
# Per grain, the labels and the features that make its panel.
LABELS = {grain: f"lbl_{grain}" for grain in GRAINS}
FEATURES = {
    "user": ("ftr_user__snapshot",),
    "user_category": ("ftr_user_category__snapshot",),
    "user_product": ("ftr_user_product__snapshot",),
    "user_offer": ("ftr_user_offer__snapshot", "ftr_user__snapshot"),
    "user_tier": ("ftr_user_tier__snapshot",),
}
# Per grain, a task of two classes whose rows are the panel's.
BASE_TASKS = dict(zip(GRAINS, ("lapse_28d", "category_28d", "buy_again_28d", "redeem", "reach_tier"), strict=True))
# Patterns of few features, of each grain; the last, which a perturbed text breaks, is of most.
FEW = "category tier_order_count_* *_day*_28d"
# Per grain, enough rows to learn from, and few to judge and score: a sentence per reason takes most of a run.
PANEL_ROWS = {
    "user": """
        hash(first_order_id) % 40 = 0
        and (as_of_date < '2017-11-01' or split_name = 'score' and hash(first_order_id) % 120 = 0)
    """,
    "user_category": """
        hash(first_order_id) % 80 = 0 and hash(category_name) % 5 < 2
        and (as_of_date < '2017-11-01' or split_name = 'score')
    """,
    "user_product": """
        hash(first_order_id) % 40 = 0 and hash(product_id) % 4 = 0
        and (is_learnt_from or split_name = 'score' and hash(first_order_id) % 120 = 0)
    """,
    "user_offer": """
        hash(first_order_id) % 3 = 0 and as_of_date < '2017-07-01'
        or hash(first_order_id) % 8 = 0 and split_name = 'test'
        and campaign_id in ('13', '18', '20')
        or hash(first_order_id) % 180 = 0 and offer_id in ('15', '2018-01-meat')
    """,
}
PANEL_ROWS["user_tier"] = PANEL_ROWS["user"]
# The shop has no tiers: who, when and which split a row is about stands in another table.
KEYS_OF = {"user_tier": "lbl_user"}
LEFT = {"user_id", "first_order_id", "split_name", "is_drawn", "label_end_date", "train_until_date", "as_of_date"}
# Noise of its own, or who may reach a tier would be who does.
MADE_UP = {
    "user_tier": {
        **{name: f"hash(key || '{name}') % 3 > 0" for name in ("may_reach_tier", "may_lose_tier")},
        **{
            name: f"case when hash('{name}' || key) % 13 > 0 then hash(key || '{name}') % 2 = 0 end"
            for name in ("is_tier_reached", "is_tier_lost")
        },
    }
}


def learning_inputs(nodes: dict[str, dict], grain: str, seeds: dict[str, str], *, is_brief: bool = False) -> Inputs:
    """Return the panel of a grain and all that learning makes of it.

    Parameters
    ----------
    nodes : dict of str to dict
        Models of the manifest, by name.
    grain : str
        The panels of other grains are empty.
    seeds : dict of str to str
        Queries of ``learning_tasks`` and ``baselines``: `seeds_of_tasks` or
        `seeds_of_features`.
    is_brief : bool
        Judge one fit per split only, of the last months before.
    """
    inputs = Inputs(nodes)
    others = {f"labels.{LABELS[each]}" for each in GRAINS if each != grain} | {
        f"features.{table}" for each in GRAINS for table in FEATURES[each] if table not in FEATURES[grain]
    }
    # beside all labels, a column that a task may be limited by
    columns = "* exclude (key)"
    if grain in KEYS_OF:
        columns = inputs.columns(f"labels.{LABELS[grain]}", MADE_UP[grain], LEFT)
    own = f"""
        select {columns}, hash(first_order_id, 'drawn') % 3 > 0 as is_picked
        from (select *, concat_ws('/', first_order_id, as_of_date) as key
            from built.labels.{KEYS_OF.get(grain, LABELS[grain])} where {PANEL_ROWS[grain]})
    """
    inputs.create(
        {
            LABELS[grain]: own,
            **{name.split(".")[1]: f"from built.{name} limit 0" for name in others},
            **seeds,
            "estimator_pins": "from built.seeds.estimator_pins",
            "reason_texts": "from built.seeds.reason_texts",
            "ftr_shop": "from built.features.ftr_shop",
            "ftr_departments": "from built.features.ftr_departments",
            "ml_estimator_registry": ("from built.learning.ml_estimator_registry limit 0"),
        }
    )
    for table in FEATURES[grain]:
        add_features(inputs, table, LABELS[grain])
        drop_unread(inputs, table)
    if is_brief:
        inputs.connection.execute(f"""
            alter table {FEATURES[grain][0]} add column same_for_all double default 1.0;
            delete from {LABELS[grain]} as labels
            where split_name in ('validation', 'test') and train_until_date <> (
                select min(train_until_date) from {LABELS[grain]} as others
                where others.split_name = labels.split_name
            );
            delete from {LABELS[grain]} where as_of_date < (
                select min(as_of_date) - interval 90 days from {LABELS[grain]} where split_name = 'validation'
            )
        """)
    inputs.run("ml_validation")
    # noise cannot be learnt: that an estimator may go live is made up, too
    inputs.connection.execute("""
        update ml_validation set prediction = case
            when is_baseline then hash(first_order_id, as_of_date) % 100
            when outcome in (0, 1) then 0.2 + 0.6 * outcome
            else outcome
        end
    """)
    inputs.run("ml_estimator_registry", "ml_test", f"ml_{grain}__scores")
    # some scores, others of each task
    inputs.create(
        {
            "dec_explained_scores": f"""
                select
                    case when hash(first_order_id, task, offer_id, category_name, product_id) % 2 = 0 then '{grain}'
                        else '' end as grain,
                    task, user_id, offer_id, category_name, true as is_decided, true as is_drawn, first_order_id
                from ml_{grain}__scores
                join (select distinct user_id, first_order_id from {LABELS[grain]}) using (user_id)
            """
        }
    )
    inputs.connection.execute("alter table dec_explained_scores drop column first_order_id")
    return inputs


def drop_unread(inputs: Inputs, table: str) -> None:
    """Drop the features that neither a task nor a baseline reads."""
    run = inputs.connection.execute
    asked = run("""
        select unnest(string_split(feature_patterns, ' ')) from learning_tasks
        union select column_name from baselines
    """).fetchall()
    for column in inputs.connection.table(table).columns:
        if column not in PANEL_KEYS and not any(fnmatchcase(column, pattern) for (pattern,) in asked):
            run(f"alter table {table} drop column {column}")


def registry_inputs(nodes: dict[str, dict], grain: str) -> Inputs:
    """Return what the registry reads: two families each, versions kept, and a pin."""
    seeds = seeds_of_tasks(grain, FEW)
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
        where task = '{kept}' and status = 'champion';
        update ml_estimator_registry set estimator_name = 'logistic_regression'
        where status = 'champion';
        update ml_estimator_registry set estimator_version = 'kept'
        where task = '{kept}' and status = 'champion';
        -- two families that tie, and tasks that neither of them may predict
        update ml_validation set prediction = case
            when is_baseline or task in ('spend_28d', 'buy_7d')
            then hash(first_order_id, as_of_date, estimator_name) % 100
            when hash(first_order_id, as_of_date, estimator_name) % 9 = 0 then 0.5
            else prediction
        end
    """)
    return inputs


def seeds_of_tasks(grain: str, patterns: str = "*", task: str = "*", population: str | None = None) -> dict[str, str]:
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
        "baselines": """
            from built.seeds.baselines
            where task in (select task from learning_tasks)
        """,
    }


def seeds_of_features(grain: str, groups: Iterable[Iterable[str]]) -> dict[str, str]:
    """Return tasks that read the features of one group each; the groups' places call them."""
    patterns = ", ".join(f"'{' '.join(names)}'" for names in groups)
    return {
        "learning_tasks": f"""
            select seed.* replace (
                'task ' || place as task, patterns as feature_patterns,
                'logistic_regression' as families
            )
            from built.seeds.learning_tasks as seed,
                (select unnest([{patterns}]) as patterns, generate_subscripts([{patterns}], 1) - 1 as place)
            where seed.task = '{BASE_TASKS[grain]}'
        """,
        # a baseline of a feature that no task reads
        "baselines": """
            select task, 'same for all' as baseline_name, 'same_for_all' as column_name,
                1 as direction
            from learning_tasks
        """,
    }
