"""One row per method, cluster and feature."""

from precision_marketing.clusters.features import expand_features
from precision_marketing.clusters.profiles import profile_clusters
from precision_marketing.common.frames import read_panel, to_pandas


def model(dbt, session):
    labels = dbt.ref("lbl_user")
    snapshot = dbt.ref("ftr_user__snapshot")
    clusters = dbt.ref("ml_user__clusters")
    departments = dbt.ref("ftr_departments")
    features = dbt.ref("cluster_features")
    return profile_clusters(
        read_panel(labels, snapshot), to_pandas(clusters), expand_features(to_pandas(features), to_pandas(departments))
    )
