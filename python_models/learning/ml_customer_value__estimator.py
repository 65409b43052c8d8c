"""One row per champion of customer value, with all that scoring needs."""

from precision_marketing.common.frames import to_pandas
from precision_marketing.value.dated_models import ValueSettings
from precision_marketing.value.scoring import fit_value


def model(dbt, session):
    ahead = dbt.ref("lbl_user__purchases").filter("is_drawn")
    purchases = dbt.ref("ftr_user__purchases").join(ahead, "first_order_id, as_of_date", how="semi")
    test_period = dbt.ref("ml_customer_value__test_period")
    return fit_value(
        to_pandas(purchases),
        to_pandas(ahead),
        to_pandas(test_period),
        ValueSettings.from_meta(dbt.config.meta_get("settings")),
    )
