"""One row per task, live recipe or plain rule and test row."""

from precision_marketing.backtest import predict_tests
from precision_marketing.frames import to_pandas
from precision_marketing.learning import Settings


def model(dbt, session):
    panels = {
        "user": dbt.ref("ftr_user__panel"),
        "user_category": dbt.ref("ftr_user_category__panel"),
        "user_campaign": dbt.ref("ftr_user_campaign__panel"),
    }
    panels["user_category"] = panels["user_category"].filter(
        "is_learnt_from or split_name = 'test'"
    )
    tasks = dbt.ref("learning_tasks")
    rules = dbt.ref("plain_rules")
    validation = dbt.ref("ml_validation")
    registry = dbt.ref("ml_estimator_registry")
    return predict_tests(
        {grain: to_pandas(panel) for grain, panel in panels.items()},
        *(to_pandas(table) for table in (tasks, rules, validation, registry)),
        Settings.from_meta(dbt.config.meta_get("settings")),
    )
