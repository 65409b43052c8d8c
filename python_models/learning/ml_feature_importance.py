"""One row per task with a champion and feature that it reads."""

from precision_marketing.common.frames import read_panel, to_pandas
from precision_marketing.estimators.fitting import LearningSettings
from precision_marketing.evaluation.importance import feature_importance


def model(dbt, session):
    drawn, learnt = ("split_name = 'test' and " + each for each in ("is_drawn", "is_learnt_from"))
    users = dbt.ref("ftr_user__snapshot")
    categories, products = dbt.ref("lbl_user_category"), dbt.ref("lbl_user_product")
    offers = dbt.ref("ftr_user_offer__snapshot")
    panels = {
        "user": read_panel(dbt.ref("lbl_user").filter(drawn), users),
        "user_category": read_panel(categories.filter(learnt), dbt.ref("ftr_user_category__snapshot")),
        "user_product": read_panel(products.filter(learnt), dbt.ref("ftr_user_product__snapshot")),
        "user_offer": read_panel(dbt.ref("lbl_user_offer").filter(drawn), offers, users),
        "user_tier": read_panel(dbt.ref("lbl_user_tier").filter(drawn), dbt.ref("ftr_user_tier__snapshot")),
    }
    tasks = dbt.ref("learning_tasks")
    registry = dbt.ref("ml_estimator_registry")
    return feature_importance(
        panels, to_pandas(tasks), to_pandas(registry), LearningSettings.from_meta(dbt.config.meta_get("settings"))
    )
