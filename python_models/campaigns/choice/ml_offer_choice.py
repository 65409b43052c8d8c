"""One row per offer and user who may get it: who does, and whom others would choose."""

from precision_marketing.allocation.exploration import ExplorationSettings
from precision_marketing.allocation.offer_choice import choose_offers
from precision_marketing.common.frames import to_pandas


def model(dbt, session):
    options = dbt.ref("dec_options")
    return choose_offers(to_pandas(options), ExplorationSettings.from_meta(dbt.config.meta_get("settings")))
