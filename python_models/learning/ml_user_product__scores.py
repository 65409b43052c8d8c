"""One row per task of grain user_product, and product of a user's list: of the scoring and the test dates."""

from precision_marketing.common.frames import read_panels, to_pandas
from precision_marketing.estimators.scoring import score_lists


def model(dbt, session):
    labels = dbt.ref("lbl_user_product").filter("split_name in ('test', 'score')")
    features = dbt.ref("ftr_user_product__snapshot")
    registry = dbt.ref("ml_estimator_registry")
    tasks = dbt.ref("learning_tasks")
    return score_lists(
        read_panels(labels, features),
        to_pandas(registry),
        to_pandas(tasks),
        grain="user_product",
        length=int(dbt.config.meta_get("length")),
    )
