"""One row per method, number of clusters, comparison and pair of as-of dates."""

from precision_marketing.clusters import (
    ClusterSettings,
    expand_features,
    judge_cluster_counts,
)
from precision_marketing.frames import to_pandas


def model(dbt, session):
    panel = dbt.ref("ftr_user__panel")
    departments = dbt.ref("ftr_departments")
    features = dbt.ref("cluster_features")
    return judge_cluster_counts(
        to_pandas(panel, ["as_of_date", "first_order_id"]),
        expand_features(
            to_pandas(features, ["feature_group", "feature_name"]),
            to_pandas(departments, ["department_slot"]),
        ),
        ClusterSettings.from_meta(dbt.config.meta_get("settings")),
    )
