"""One row per task of grain user_category, score explained and rank of the reason."""

from precision_marketing.common.frames import to_pandas
from precision_marketing.explanations.reasons import tell_reasons


def model(dbt, session):
    labels = dbt.ref("lbl_user_category").filter("split_name = 'score'")
    features = dbt.ref("ftr_user_category__snapshot")
    explained = dbt.ref("dec_explained_scores")
    registry = dbt.ref("ml_estimator_registry")
    tasks = dbt.ref("learning_tasks")
    texts = dbt.ref("reason_texts")
    shop = dbt.ref("ftr_shop")
    return tell_reasons(
        "user_category",
        labels,
        [features],
        explained,
        *map(to_pandas, (registry, tasks, texts, shop)),
        int(dbt.config.meta_get("reason_count")),
    )
