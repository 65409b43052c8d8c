"""Requests of users: export and erasure of their data."""
