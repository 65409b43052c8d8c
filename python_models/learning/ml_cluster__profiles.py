"""One row per method, cluster and feature."""

from precision_marketing.clusters.features import expand_features, features_read
from precision_marketing.clusters.profiles import profile_clusters
from precision_marketing.common.frames import read_panels, to_pandas


def model(dbt, session):
    snapshot = dbt.ref("ftr_user__snapshot")
    # the order of a sum shows in its last digits: it is that of orders, not of pseudonyms
    members = dbt.ref("lbl_user").join(dbt.ref("ml_user__clusters"), "user_id, as_of_date")
    departments = dbt.ref("ftr_departments")
    features = expand_features(to_pandas(dbt.ref("cluster_features")), to_pandas(departments))
    return profile_clusters(read_panels(members, features_read(snapshot, features["feature_name"])), features)
