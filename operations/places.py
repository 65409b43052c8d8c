"""Where the shop's files lie: in the project, or where the environment says."""

from __future__ import annotations

import os
from pathlib import Path

PROJECT_FOLDER = Path(__file__).resolve().parents[1]
SOURCE = os.environ.get("SOURCE", "precision_marketing")
WAREHOUSE = PROJECT_FOLDER / os.environ.get("WAREHOUSE", f"warehouse/{SOURCE}.duckdb")
PUBLISHED = PROJECT_FOLDER / os.environ.get("PUBLISHED_DIR", "published")
PUBLISHED_FILE = PUBLISHED / f"{SOURCE}.duckdb"
TARGET = PROJECT_FOLDER / os.environ.get("DBT_TARGET_PATH", "target")
SITE = Path(os.environ.get("SITE_DIR", TARGET / "site"))
