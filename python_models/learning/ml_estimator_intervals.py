"""One row per task, estimator or baseline, split, row set, period and metric."""

from precision_marketing.common.frames import to_categories, to_pandas
from precision_marketing.evaluation.intervals import estimator_intervals


def model(dbt, session):
    validation = dbt.ref("ml_validation")
    test = dbt.ref("ml_test")
    tasks = dbt.ref("learning_tasks")
    return estimator_intervals(
        to_categories(validation.union(test)),
        to_pandas(tasks),
        draws=int(dbt.config.meta_get("bootstrap_draws")),
        seed=int(dbt.config.meta_get("random_seed")),
        threads=int(dbt.config.meta_get("threads")),
    )
