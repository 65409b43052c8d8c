"""One row per split, estimator or baseline of customer value, and user."""

from precision_marketing.common.frames import to_pandas
from precision_marketing.value.dated_models import ValueSettings
from precision_marketing.value.test_period import judge_value


def model(dbt, session):
    purchases = dbt.ref("ftr_user__purchases")
    ahead = dbt.ref("lbl_user__purchases")
    return judge_value(to_pandas(purchases), to_pandas(ahead), ValueSettings.from_meta(dbt.config.meta_get("settings")))
