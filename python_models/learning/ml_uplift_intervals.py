"""One row per campaign or the pool, outcome, learner and metric."""

from precision_marketing.common.frames import to_pandas
from precision_marketing.uplift.campaigns import uplift_intervals
from precision_marketing.uplift.trials import UpliftSettings


def model(dbt, session):
    estimates = dbt.ref("ml_user_offer__uplift").filter("split_name = 'test'")
    return uplift_intervals(to_pandas(estimates), UpliftSettings.from_meta(dbt.config.meta_get("settings")))
