"""Apache Superset on the published tables."""
