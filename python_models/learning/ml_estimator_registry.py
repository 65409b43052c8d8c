"""One row per task and candidate, or fit of the live one, or version once live."""

from precision_marketing.frames import former_rows, to_pandas
from precision_marketing.learning import Settings
from precision_marketing.registry import FORMER_COLUMNS, register


def model(dbt, session):
    panels = {
        "user": dbt.ref("ftr_user__panel"),
        "user_category": dbt.ref("ftr_user_category__panel"),
        "user_campaign": dbt.ref("ftr_user_campaign__panel"),
    }
    panels["user_category"] = panels["user_category"].filter("is_learnt_from")
    tasks = dbt.ref("learning_tasks")
    rules = dbt.ref("plain_rules")
    pins = dbt.ref("estimator_pins")
    validation = dbt.ref("ml_validation")
    return register(
        {grain: to_pandas(panel) for grain, panel in panels.items()},
        *(to_pandas(table) for table in (tasks, rules, pins, validation)),
        former_rows(session, str(dbt.this), FORMER_COLUMNS),
        Settings.from_meta(dbt.config.meta_get("settings")),
    )
