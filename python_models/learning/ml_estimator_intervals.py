"""One row per task, estimator or rule, split, row set, period and metric."""

import pandas as pd
from precision_marketing.frames import to_pandas
from precision_marketing.intervals import estimator_intervals


def model(dbt, session):
    lapse = dbt.ref("ml_lapse_28d__backtest")
    redeem = dbt.ref("ml_redeem__backtest")
    keys = ["estimator_name", "as_of_date", "campaign_id", "first_order_id"]
    return estimator_intervals(
        pd.concat([to_pandas(table, keys) for table in (lapse, redeem)]),
        draws=int(dbt.config.meta_get("bootstrap_draws")),
        seed=int(dbt.config.meta_get("random_seed")),
    )
