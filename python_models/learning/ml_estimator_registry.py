"""One row per task and candidate; the live ones carry their fitted bytes."""

from precision_marketing.frames import to_pandas
from precision_marketing.learning import Settings
from precision_marketing.registry import register


def model(dbt, session):
    users = dbt.ref("ftr_user__panel")
    campaigns = dbt.ref("ftr_user_campaign__panel")
    tasks = dbt.ref("learning_tasks")
    rules = dbt.ref("plain_rules")
    intervals = dbt.ref("ml_estimator_intervals")
    campaign_key = ["as_of_date", "campaign_id", "first_order_id"]
    panels = {
        "user": to_pandas(users, ["as_of_date", "first_order_id"]),
        "user_campaign": to_pandas(campaigns, campaign_key),
    }
    return register(
        panels,
        to_pandas(tasks, ["task"]),
        to_pandas(rules, ["task", "rule_name"]),
        to_pandas(intervals, ["task", "estimator_name", "metric"]),
        Settings.from_meta(dbt.config.meta_get("settings")),
    )
