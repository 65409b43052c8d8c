"""One row per split, estimator or baseline of customer value, and metric."""

from precision_marketing.common.frames import to_pandas
from precision_marketing.value.intervals import value_intervals


def model(dbt, session):
    test_period = dbt.ref("ml_customer_value__test_period")
    return value_intervals(
        to_pandas(test_period),
        draws=int(dbt.config.meta_get("bootstrap_draws")),
        seed=int(dbt.config.meta_get("random_seed")),
    )
