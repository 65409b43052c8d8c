"""Apache Superset on what is published."""
