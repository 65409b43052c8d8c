"""One row per task of grain user_campaign, row to score and rank of the reason."""

from precision_marketing.frames import to_pandas
from precision_marketing.reasons import panel_reasons


def model(dbt, session):
    panel = dbt.ref("ftr_user_campaign__panel")
    registry = dbt.ref("ml_estimator_registry")
    tasks = dbt.ref("learning_tasks")
    texts = dbt.ref("reason_texts")
    departments = dbt.ref("ftr_departments")
    rows = panel.filter("split_name = 'score'")
    return panel_reasons(
        to_pandas(rows),
        to_pandas(registry),
        to_pandas(tasks),
        to_pandas(texts),
        to_pandas(departments),
        grain="user_campaign",
        count=int(dbt.config.meta_get("reason_count")),
    )
