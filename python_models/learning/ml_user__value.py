"""One row per user with an order and horizon."""

from precision_marketing.common.frames import latest, read_frames, to_pandas
from precision_marketing.value.dated_models import ValueSettings
from precision_marketing.value.scoring import score_value


def model(dbt, session):
    purchases = latest(dbt.ref("ftr_user__purchases"))
    estimator = to_pandas(dbt.ref("ml_customer_value__estimator"))
    return score_value(read_frames(purchases), estimator, ValueSettings.from_meta(dbt.config.meta_get("settings")))
