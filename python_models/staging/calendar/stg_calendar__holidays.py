"""One row per public holiday of the shop's country."""

from precision_marketing.common.calendar import public_holidays


def model(dbt, session):
    return public_holidays(
        country=dbt.config.meta_get("country"),
        first_year=int(dbt.config.meta_get("first_year")),
        last_year=int(dbt.config.meta_get("last_year")),
    )
