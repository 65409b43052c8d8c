"""One row per task of grain user_category, best row of a user, and rank of reason."""

from precision_marketing.common.frames import read_panel, to_pandas
from precision_marketing.explanations.reasons import best_categories, panel_reasons


def model(dbt, session):
    labels = dbt.ref("lbl_user_category").filter("split_name = 'score'")
    features = dbt.ref("ftr_user_category__snapshot")
    scores = to_pandas(dbt.ref("ml_user_category__scores"))
    registry = dbt.ref("ml_estimator_registry")
    tasks = dbt.ref("learning_tasks")
    texts = dbt.ref("reason_texts")
    shop = dbt.ref("ftr_shop")
    per_user = int(dbt.config.meta_get("reason_categories_per_user"))
    return panel_reasons(
        read_panel(labels, features),
        to_pandas(registry),
        to_pandas(tasks),
        to_pandas(texts),
        to_pandas(shop),
        grain="user_category",
        count=int(dbt.config.meta_get("reason_count")),
        explained=best_categories(scores, per_user),
    )
