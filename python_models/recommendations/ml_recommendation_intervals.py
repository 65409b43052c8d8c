"""One row per period, group of users, list and method: measures of lists, with intervals."""

from precision_marketing.common.frames import to_pandas
from precision_marketing.evaluation.lists import list_intervals


def model(dbt, session):
    measures = dbt.ref("rec_user_measures")
    return list_intervals(
        to_pandas(measures),
        draws=int(dbt.config.meta_get("bootstrap_draws")),
        seed=int(dbt.config.meta_get("random_seed")),
    )
