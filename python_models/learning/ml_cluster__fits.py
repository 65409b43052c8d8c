"""One row per method: the chosen clusters, fitted on the rows to score."""

from precision_marketing.clusters.features import expand_features, features_read
from precision_marketing.clusters.fits import ClusterSettings
from precision_marketing.clusters.profiles import fit_chosen
from precision_marketing.common.frames import read_panel, to_pandas


def model(dbt, session):
    labels = dbt.ref("lbl_user").filter("is_drawn")
    snapshot = dbt.ref("ftr_user__snapshot")
    departments = dbt.ref("ftr_departments")
    features = expand_features(to_pandas(dbt.ref("cluster_features")), to_pandas(departments))
    stability = dbt.ref("ml_cluster__stability")
    return fit_chosen(
        read_panel(labels, features_read(snapshot, features["feature_name"])),
        features,
        to_pandas(stability),
        ClusterSettings.from_meta(dbt.config.meta_get("settings")),
    )
