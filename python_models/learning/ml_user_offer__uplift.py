"""One row per outcome, learner, campaign and user judged or scored."""

from precision_marketing.common.frames import read_panel
from precision_marketing.uplift.campaigns import campaign_uplift
from precision_marketing.uplift.trials import UpliftSettings


def model(dbt, session):
    labels = dbt.ref("lbl_user_offer__arms")
    features = dbt.ref("ftr_user_offer__uplift")
    return campaign_uplift(read_panel(labels, features), UpliftSettings.from_meta(dbt.config.meta_get("settings")))
