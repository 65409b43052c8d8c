"""One row per task, candidate or plain rule and validation row."""

from precision_marketing.backtest import validate
from precision_marketing.frames import to_pandas
from precision_marketing.learning import Settings


def model(dbt, session):
    panels = {
        "user": dbt.ref("ftr_user__panel"),
        "user_category": dbt.ref("ftr_user_category__panel"),
        "user_campaign": dbt.ref("ftr_user_campaign__panel"),
    }
    panels["user_category"] = panels["user_category"].filter(
        "is_learnt_from or split_name = 'validation'"
    )
    tasks = dbt.ref("learning_tasks")
    rules = dbt.ref("plain_rules")
    return validate(
        {grain: to_pandas(panel) for grain, panel in panels.items()},
        to_pandas(tasks),
        to_pandas(rules),
        Settings.from_meta(dbt.config.meta_get("settings")),
    )
