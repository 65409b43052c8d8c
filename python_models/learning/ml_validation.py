"""One row per task, candidate or baseline and validation row."""

from precision_marketing.common.frames import read_panel, to_pandas
from precision_marketing.estimators.fitting import LearningSettings
from precision_marketing.evaluation.backtest import validate


def model(dbt, session):
    users = dbt.ref("ftr_user__snapshot")
    categories = dbt.ref("lbl_user_category").filter("is_learnt_from or split_name = 'validation'")
    products = dbt.ref("lbl_user_product").filter("is_learnt_from")
    offers = dbt.ref("ftr_user_offer__snapshot")
    panels = {
        "user": read_panel(dbt.ref("lbl_user").filter("is_drawn"), users),
        "user_category": read_panel(categories, dbt.ref("ftr_user_category__snapshot")),
        "user_product": read_panel(products, dbt.ref("ftr_user_product__snapshot")),
        "user_offer": read_panel(dbt.ref("lbl_user_offer").filter("is_drawn"), offers, users),
        "user_tier": read_panel(dbt.ref("lbl_user_tier").filter("is_drawn"), dbt.ref("ftr_user_tier__snapshot")),
    }
    tasks, baselines = dbt.ref("learning_tasks"), dbt.ref("baselines")
    return validate(
        panels, to_pandas(tasks), to_pandas(baselines), LearningSettings.from_meta(dbt.config.meta_get("settings"))
    )
