"""One row per user with an order and horizon."""

from precision_marketing.common.frames import to_pandas
from precision_marketing.value.dated_models import ValueSettings
from precision_marketing.value.scoring import score_value


def model(dbt, session):
    purchases = dbt.ref("ftr_user__purchases")
    estimator = dbt.ref("ml_customer_value__estimator")
    return score_value(
        to_pandas(purchases), to_pandas(estimator), ValueSettings.from_meta(dbt.config.meta_get("settings"))
    )
