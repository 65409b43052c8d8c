"""What Python's libraries warn of stands in a file, not amid the lines that people read."""

from __future__ import annotations

import logging
import os
from pathlib import Path


def keep_warnings_apart() -> None:
    """Write warnings of Python into logs/python_warnings.log, beside dbt's log; once is enough."""
    told = logging.getLogger("py.warnings")
    if told.handlers:
        return
    folder = Path(os.environ.get("DBT_LOG_PATH", "logs"))
    folder.mkdir(parents=True, exist_ok=True)
    logging.captureWarnings(capture=True)
    told.addHandler(logging.FileHandler(folder / "python_warnings.log", delay=True, encoding="utf-8"))
    told.propagate = False
