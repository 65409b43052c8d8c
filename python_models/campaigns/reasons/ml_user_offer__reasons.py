"""One row per task of grain user_offer, score explained and rank of the reason."""

from precision_marketing.common.frames import to_pandas
from precision_marketing.explanations.reasons import tell_reasons


def model(dbt, session):
    labels = dbt.ref("lbl_user_offer").filter("split_name = 'score'")
    features = dbt.ref("ftr_user_offer__snapshot")
    user_features = dbt.ref("ftr_user__snapshot")
    explained = dbt.ref("dec_explained_scores")
    registry = dbt.ref("ml_estimator_registry")
    tasks = dbt.ref("learning_tasks")
    texts = dbt.ref("reason_texts")
    shop = dbt.ref("ftr_shop")
    departments = dbt.ref("ftr_departments")
    return tell_reasons(
        "user_offer",
        labels,
        [features, user_features],
        explained,
        *map(to_pandas, (registry, tasks, texts, shop)),
        int(dbt.config.meta_get("reason_count")),
        to_pandas(departments),
    )
