"""How intake reads files, as dbt hands it to what looks for users."""

from __future__ import annotations

import jinja2
from support.cache import PROJECT_FOLDER

from operations.personal_data.user_files import Reading


def reading(encoding: str = "utf-8", *, has_decimals: bool = False) -> Reading:
    """Return the encoding, and the SQL of the macro that reads ids of users."""
    text = (PROJECT_FOLDER / "macros" / "reading" / "read_values.sql").read_text()
    macros = jinja2.Environment(extensions=["jinja2.ext.do"]).from_string(text).module
    return Reading(encoding, macros.read_user_id("{column}", has_decimals))
