"""One row per outcome, learner, campaign and user judged or scored."""

from precision_marketing.frames import to_pandas
from precision_marketing.uplift_campaigns import campaign_uplift
from precision_marketing.uplift_trials import UpliftSettings


def model(dbt, session):
    panel = dbt.ref("ftr_user_campaign__arms")
    return campaign_uplift(
        to_pandas(panel),
        UpliftSettings.from_meta(dbt.config.meta_get("settings")),
    )
