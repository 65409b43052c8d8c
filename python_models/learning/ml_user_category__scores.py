"""One row per task of grain user_category and row to score."""

from precision_marketing.frames import to_pandas
from precision_marketing.scoring import score_panel


def model(dbt, session):
    panel = dbt.ref("ftr_user_category__panel")
    registry = dbt.ref("ml_estimator_registry")
    tasks = dbt.ref("learning_tasks")
    return score_panel(
        to_pandas(panel.filter("split_name = 'score'")),
        to_pandas(registry),
        to_pandas(tasks),
        grain="user_category",
    )
