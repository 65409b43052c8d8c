"""One row per measured campaign, slice and metric: what it changed."""

from precision_marketing.common.frames import to_pandas
from precision_marketing.experiments.results import ExperimentSettings, measure_campaigns


def model(dbt, session):
    outcomes = dbt.ref("dec_arm_outcomes")
    return measure_campaigns(
        to_pandas(outcomes.filter("measurement = 'randomised'")),
        ExperimentSettings.from_meta(dbt.config.meta_get("settings")),
    )
