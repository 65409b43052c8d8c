"""Copy what was published into PostgreSQL.

    POSTGRES_URL=postgresql://user@host/database python -m operations.publish.postgres

`make publish-postgres` runs it. The connection comes from POSTGRES_URL or the variables
of libpq (PGHOST, PGUSER, PGPASSWORD, PGSERVICE, ...).
"""

from __future__ import annotations

import os
import sys

import duckdb
import psycopg

from operations.places import PUBLISHED_FILE
from operations.publish.postgres.copying import publish
from operations.publish.postgres.tables import NotPublishedError


def main() -> str | None:
    """Publish what the environment names; return a sentence when nothing can be."""
    url = os.environ.get("POSTGRES_URL", "")
    try:
        done = publish(PUBLISHED_FILE, url)
    except (NotPublishedError, duckdb.Error, psycopg.Error) as error:
        cause = " ".join(str(error).splitlines()[:1])
        return f"Nothing was published to PostgreSQL: {cause}"
    sys.stdout.write(f"{done}\n")
    return None


if __name__ == "__main__":
    sys.exit(main())
