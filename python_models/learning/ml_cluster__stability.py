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
        to_pandas(panel),
        expand_features(
            to_pandas(features),
            to_pandas(departments),
        ),
        ClusterSettings.from_meta(dbt.config.meta_get("settings")),
    )
