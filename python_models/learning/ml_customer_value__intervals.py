"""One row per split, estimator or baseline of customer value, and metric."""

from precision_marketing.common.frames import to_pandas
from precision_marketing.value.intervals import value_intervals


def model(dbt, session):
    holdout = dbt.ref("ml_customer_value__holdout")
    return value_intervals(
        to_pandas(holdout),
        draws=int(dbt.config.meta_get("bootstrap_draws")),
        seed=int(dbt.config.meta_get("random_seed")),
    )
