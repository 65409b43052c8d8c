"""The vars of dbt_project.yml, where the package's parameters stand."""

from pathlib import Path

import yaml

PROJECT_FILE = Path(__file__).parents[3] / "dbt_project.yml"
VARS = yaml.safe_load(PROJECT_FILE.read_text())["vars"]
