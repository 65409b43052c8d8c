"""One row per method, number of clusters, comparison and pair of as-of dates."""

from precision_marketing.clusters.features import expand_features, features_read
from precision_marketing.clusters.fits import ClusterSettings
from precision_marketing.clusters.stability import judge_cluster_counts
from precision_marketing.common.frames import read_panel, to_pandas


def model(dbt, session):
    labels = dbt.ref("lbl_user").filter("is_drawn")
    snapshot = dbt.ref("ftr_user__snapshot")
    departments = dbt.ref("ftr_departments")
    features = expand_features(to_pandas(dbt.ref("cluster_features")), to_pandas(departments))
    return judge_cluster_counts(
        read_panel(labels, features_read(snapshot, features["feature_name"])),
        features,
        ClusterSettings.from_meta(dbt.config.meta_get("settings")),
    )
