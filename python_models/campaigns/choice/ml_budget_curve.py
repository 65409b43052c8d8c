"""One row per allocation and share of its budget: what the best choice would earn."""

from precision_marketing.allocation.budget_curve import budget_curve
from precision_marketing.allocation.exploration import ExplorationSettings
from precision_marketing.common.frames import to_pandas


def model(dbt, session):
    options = dbt.ref("dec_options")
    shares = [float(share) for share in dbt.config.meta_get("budget_shares")]
    return budget_curve(to_pandas(options), shares, ExplorationSettings.from_meta(dbt.config.meta_get("settings")))
