"""One row per candidate or plain rule of task redeem and judged row."""

from precision_marketing.backtest import backtest
from precision_marketing.frames import to_pandas
from precision_marketing.learning import Settings


def model(dbt, session):
    panel = dbt.ref("ftr_user_campaign__panel")
    tasks = dbt.ref("learning_tasks")
    rules = dbt.ref("plain_rules")
    return backtest(
        to_pandas(panel, ["as_of_date", "campaign_id", "first_order_id"]),
        to_pandas(tasks, ["task"]),
        to_pandas(rules, ["task", "rule_name"]),
        task_name="redeem",
        settings=Settings.from_meta(dbt.config.meta_get("settings")),
    )
