"""One row per method and user to score; nothing is fitted."""

from precision_marketing.clusters.features import features_read
from precision_marketing.clusters.profiles import cluster_users, features_fitted
from precision_marketing.common.frames import read_panels, to_pandas


def model(dbt, session):
    labels = dbt.ref("lbl_user").filter("split_name = 'score'")
    snapshot = dbt.ref("ftr_user__snapshot")
    fits = to_pandas(dbt.ref("ml_cluster__fits"))
    return cluster_users(read_panels(labels, features_read(snapshot, features_fitted(fits))), fits)
