"""What Apache Superset is started with: nothing leaves the machine."""

import os
from pathlib import Path

SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]
SQLALCHEMY_DATABASE_URI = f"sqlite:///{Path(os.environ['SUPERSET_HOME'])}/superset.db"
# the pages stay on 127.0.0.1, over plain HTTP
TALISMAN_ENABLED = False
SESSION_COOKIE_SAMESITE = "Strict"
# answers come from the database each time, so that a new publication is seen at once
DATA_CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}
# an imported database may be a file: DuckDB's
PREVENT_UNSAFE_DB_CONNECTIONS = False
