"""One row per task of grain user_tier and row to score."""

from precision_marketing.common.frames import read_panels, to_pandas
from precision_marketing.estimators.scoring import score_panels


def model(dbt, session):
    labels = dbt.ref("lbl_user_tier").filter("split_name = 'score'")
    features = dbt.ref("ftr_user_tier__snapshot")
    registry = dbt.ref("ml_estimator_registry")
    tasks = dbt.ref("learning_tasks")
    return score_panels(read_panels(labels, features), to_pandas(registry), to_pandas(tasks), grain="user_tier")
