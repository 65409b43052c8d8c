"""Package of the dbt Python models: learning, judging and scoring.

The package knows neither dbt nor DuckDB: frames come in, frames go out.

It imports scikit-learn whole, and profiles/connection.py imports it before any model runs:
two models that import at once, in threads, each meet a half of scikit-learn, whose parts
import each other in circles.
"""

from sklearn import (  # noqa: F401
    calibration,
    cluster,
    compose,
    ensemble,
    feature_extraction,
    impute,
    kernel_approximation,
    linear_model,
    metrics,
    mixture,
    neighbors,
    neural_network,
    pipeline,
    preprocessing,
    svm,
    tree,
)
