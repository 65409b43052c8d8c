"""One row per planned campaign that draws anybody: can it be measured."""

from precision_marketing.common.frames import to_pandas
from precision_marketing.experiments.checks import CheckSettings, check_campaigns


def model(dbt, session):
    drawn = dbt.ref("dec_planned_arms")
    return check_campaigns(to_pandas(drawn), CheckSettings.from_meta(dbt.config.meta_get("settings")))
