"""Connects to a PostgreSQL server, and says what goes wrong without the password."""

from __future__ import annotations

import re

import psycopg
from psycopg.conninfo import conninfo_to_dict


class NotConnectedError(Exception):
    """No server answers; one sentence says why."""


def connect(url: str, variable: str, application: str) -> psycopg.Connection:
    """Connect to the server of a URL, which an environment variable holds.

    Parameters
    ----------
    url : str
        Connection string of libpq; empty where its own variables (PGHOST, ...) say all.
    variable : str
        Where the URL comes from, for errors.
    application : str
        What the server's log calls us.

    Raises
    ------
    NotConnectedError
        If the URL is none, or the server refuses.
    """
    user_part = re.match(r"\w+://(.*)@", url)
    if user_part and re.search(r"[@/?#]|:.*:", user_part[1]):
        # libpq would take a piece of the password for a host, and name it
        raise NotConnectedError(
            f"the user or password in {variable} has a character that must be "
            "written as a percent sign and its code; or set PGPASSWORD instead."
        )
    try:
        conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # its message repeats the text, with the password
        raise NotConnectedError(f"{variable} is not a connection string of libpq.") from None
    try:
        return psycopg.connect(url, application_name=application)
    except psycopg.OperationalError as error:
        first_line = str(error).split("\n")[0].removeprefix("connection is bad: ")
        cause = " ".join(first_line.split())
        raise NotConnectedError(f"{cause.removesuffix('.')}.") from None
