"""A copy of the published tables in PostgreSQL."""
