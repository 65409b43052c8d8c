"""Public holidays as a table."""

import holidays
import pandas as pd


def public_holidays(country: str, first_year: int, last_year: int) -> pd.DataFrame:
    """List the public holidays of a country.

    Parameters
    ----------
    country : str
        ISO 3166-1 code of two letters, such as ``"US"`` or ``"CN"``.
    first_year, last_year : int
        Years covered, both included.

    Returns
    -------
    pandas.DataFrame
        One row per holiday: ``holiday_date`` (date) and ``holiday_name`` (text), in the
        order of the dates. Two on one day stand in one row, joined by ``"; "``.

    Raises
    ------
    ValueError
        If the country is unknown or the years are in the wrong order.
    """
    if last_year < first_year:
        raise ValueError(f"calendar_last_year {last_year} is before {first_year}.")
    if country not in holidays.list_supported_countries():
        raise ValueError(f"Unknown country {country!r} in var country.")
    found = holidays.country_holidays(country, years=range(first_year, last_year + 1), language="en_US")
    return pd.DataFrame(
        {"holiday_date": pd.to_datetime(sorted(found)).date, "holiday_name": [found[day] for day in sorted(found)]}
    )
