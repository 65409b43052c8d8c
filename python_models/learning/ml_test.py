"""One row per task, champion or baseline and test row."""

from precision_marketing.common.frames import read_panel, to_categories, to_pandas
from precision_marketing.estimators.fitting import LearningSettings
from precision_marketing.evaluation.backtest import predict_tests


def model(dbt, session):
    users, offers = dbt.ref("ftr_user__snapshot"), dbt.ref("ftr_user_offer__snapshot")
    categories = dbt.ref("lbl_user_category").filter("is_learnt_from or split_name = 'test'")
    products = dbt.ref("lbl_user_product").filter("is_learnt_from")
    panels = {
        "user": read_panel(dbt.ref("lbl_user").filter("is_drawn"), users),
        "user_category": read_panel(categories, dbt.ref("ftr_user_category__snapshot")),
        "user_product": read_panel(products, dbt.ref("ftr_user_product__snapshot")),
        "user_offer": read_panel(dbt.ref("lbl_user_offer").filter("is_drawn"), offers, users),
        "user_tier": read_panel(dbt.ref("lbl_user_tier").filter("is_drawn"), dbt.ref("ftr_user_tier__snapshot")),
    }
    tasks, baselines = dbt.ref("learning_tasks"), dbt.ref("baselines")
    registry = dbt.ref("ml_estimator_registry")
    settings = LearningSettings.from_meta(dbt.config.meta_get("settings"))
    # champions are calibrated already
    validation = dbt.ref("ml_validation").filter("true" if settings.every_family else "false")
    tables = [to_pandas(table) for table in (tasks, baselines)]
    return predict_tests(panels, *tables, to_categories(validation), to_pandas(registry), settings)
