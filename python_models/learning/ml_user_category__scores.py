"""One row per task of grain user_category and row to score."""

from precision_marketing.frames import ordered
from precision_marketing.scoring import score_panel


def model(dbt, session):
    panel = dbt.ref("ftr_user_category__panel")
    registry = dbt.ref("ml_estimator_registry")
    tasks = dbt.ref("learning_tasks")
    return score_panel(
        ordered(panel.filter("split_name = 'score'")),
        ordered(registry),
        ordered(tasks),
        grain="user_category",
    )
