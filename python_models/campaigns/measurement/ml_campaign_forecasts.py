"""One row per campaign that contacts anybody: responses forecast as of its start."""

from precision_marketing.common.frames import to_pandas
from precision_marketing.experiments.forecasts import ForecastSettings, forecast_responses


def model(dbt, session):
    responses = dbt.ref("dec_campaign_responses")
    return forecast_responses(to_pandas(responses), ForecastSettings.from_meta(dbt.config.meta_get("settings")))
