"""One row per method, cluster and feature."""

from precision_marketing.clusters import expand_features, profile_clusters
from precision_marketing.frames import to_pandas


def model(dbt, session):
    panel = dbt.ref("ftr_user__panel")
    clusters = dbt.ref("ml_user__clusters")
    departments = dbt.ref("ftr_departments")
    features = dbt.ref("cluster_features")
    return profile_clusters(
        to_pandas(panel),
        to_pandas(clusters),
        expand_features(
            to_pandas(features),
            to_pandas(departments),
        ),
    )
