"""Answer questions in metrics: MetricFlow's `mf`, which asks nobody for newer versions.

    python -m operations.metrics query --metrics revenue,orders --group-by metric_time
    python -m operations.metrics list metrics

`mf` as it comes looks up its own newest version each time; nothing here calls outside.
"""

from __future__ import annotations

import os
import sys
import warnings

from dbt_metricflow.cli import main as metricflow


class NoUpdates:
    """Stands in for the look-up of newer versions."""

    def check(self, *_: object) -> None:
        """Find none."""


if __name__ == "__main__":
    warnings.filterwarnings("ignore", category=ResourceWarning)
    metricflow.UpdateChecker = NoUpdates
    os.environ.setdefault("DBT_PROFILES_DIR", "profiles")
    sys.exit(metricflow.cli())
