"""A copy of what is published in PostgreSQL."""
