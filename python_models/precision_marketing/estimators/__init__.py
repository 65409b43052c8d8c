"""Tasks, families of estimators, their fitting, storing and scoring.

Stored estimators name the four below by this package, whichever module holds them: so
a module may move, and what an older build stored stays readable.
"""

from precision_marketing.estimators.families import AverageAmount, CalibratedAverage, MedianImputer, signed_log

__all__ = ["AverageAmount", "CalibratedAverage", "MedianImputer", "signed_log"]

for stored in (AverageAmount, CalibratedAverage, MedianImputer, signed_log):
    stored.__module__ = __name__
