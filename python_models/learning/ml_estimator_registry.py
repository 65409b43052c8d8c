"""One row per task and candidate, or fit of the champion, or version once live."""

from precision_marketing.champions.registry import FORMER_COLUMNS, register
from precision_marketing.common.frames import former_rows, read_panel, to_categories, to_pandas
from precision_marketing.estimators.fitting import LearningSettings


def model(dbt, session):
    categories, products = dbt.ref("lbl_user_category"), dbt.ref("lbl_user_product")
    users, offers = dbt.ref("ftr_user__snapshot"), dbt.ref("ftr_user_offer__snapshot")
    panels = {
        "user": read_panel(dbt.ref("lbl_user").filter("is_drawn"), users),
        "user_category": read_panel(categories.filter("is_learnt_from"), dbt.ref("ftr_user_category__snapshot")),
        "user_product": read_panel(products.filter("is_learnt_from"), dbt.ref("ftr_user_product__snapshot")),
        "user_offer": read_panel(dbt.ref("lbl_user_offer").filter("is_drawn"), offers, users),
        "user_tier": read_panel(dbt.ref("lbl_user_tier").filter("is_drawn"), dbt.ref("ftr_user_tier__snapshot")),
    }
    tasks, baselines, pins = dbt.ref("learning_tasks"), dbt.ref("baselines"), dbt.ref("estimator_pins")
    return register(
        panels,
        *(to_pandas(table) for table in (tasks, baselines, pins)),
        to_categories(dbt.ref("ml_validation")),
        former_rows(session, str(dbt.this), FORMER_COLUMNS),
        LearningSettings.from_meta(dbt.config.meta_get("settings")),
    )
