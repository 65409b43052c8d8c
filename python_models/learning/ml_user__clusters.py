"""One row per method and user to score; nothing is fitted."""

from precision_marketing.clusters.profiles import cluster_users
from precision_marketing.common.frames import read_panel, to_pandas


def model(dbt, session):
    labels = dbt.ref("lbl_user")
    snapshot = dbt.ref("ftr_user__snapshot")
    fits = dbt.ref("ml_cluster__fits")
    return cluster_users(read_panel(labels, snapshot), to_pandas(fits))
