"""One row per split, estimator or baseline of customer value, and user."""

from precision_marketing.common.frames import to_pandas
from precision_marketing.value.dated_models import ValueSettings
from precision_marketing.value.test_period import judge_value


def model(dbt, session):
    ahead = dbt.ref("lbl_user__purchases").filter("is_drawn")
    purchases = dbt.ref("ftr_user__purchases").join(ahead, "first_order_id, as_of_date", how="semi")
    return judge_value(to_pandas(purchases), to_pandas(ahead), ValueSettings.from_meta(dbt.config.meta_get("settings")))
