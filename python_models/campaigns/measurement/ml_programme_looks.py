"""One row per phase, period, metric and week: the programme against the global control group."""

from precision_marketing.experiments.programme import ProgrammeSettings, measure_programme


def model(dbt, session):
    users = dbt.ref("dec_programme_users")
    weeks = dbt.ref("dec_programme_weeks")
    return measure_programme(users, weeks, ProgrammeSettings.from_meta(dbt.config.meta_get("settings")))
