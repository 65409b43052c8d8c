"""One row per method and user to score; nothing is fitted."""

from precision_marketing.clusters import cluster_users
from precision_marketing.frames import to_pandas


def model(dbt, session):
    panel = dbt.ref("ftr_user__panel")
    fits = dbt.ref("ml_cluster__fits")
    return cluster_users(
        to_pandas(panel),
        to_pandas(fits),
    )
