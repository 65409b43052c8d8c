"""One row per task with a live recipe and feature that it reads."""

from precision_marketing.frames import to_pandas
from precision_marketing.importance import feature_importance
from precision_marketing.learning import Settings


def model(dbt, session):
    panels = {
        "user": dbt.ref("ftr_user__panel"),
        "user_category": dbt.ref("ftr_user_category__panel"),
        "user_campaign": dbt.ref("ftr_user_campaign__panel"),
    }
    panels["user_category"] = panels["user_category"].filter("is_learnt_from")
    tasks = dbt.ref("learning_tasks")
    registry = dbt.ref("ml_estimator_registry")
    return feature_importance(
        {grain: to_pandas(panel) for grain, panel in panels.items()},
        to_pandas(tasks),
        to_pandas(registry),
        Settings.from_meta(dbt.config.meta_get("settings")),
    )
