"""One row per task of grain user, row to score and rank of the reason."""

from precision_marketing.common.frames import read_panel, to_pandas
from precision_marketing.explanations.reasons import panel_reasons


def model(dbt, session):
    labels = dbt.ref("lbl_user").filter("split_name = 'score'")
    features = dbt.ref("ftr_user__snapshot")
    registry = dbt.ref("ml_estimator_registry")
    tasks = dbt.ref("learning_tasks")
    texts = dbt.ref("reason_texts")
    shop = dbt.ref("ftr_shop")
    departments = dbt.ref("ftr_departments")
    return panel_reasons(
        read_panel(labels, features),
        to_pandas(registry),
        to_pandas(tasks),
        to_pandas(texts),
        to_pandas(shop),
        grain="user",
        count=int(dbt.config.meta_get("reason_count")),
        departments=to_pandas(departments),
    )
