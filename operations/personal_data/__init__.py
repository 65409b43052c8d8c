"""Requests of users: what is held on them, and that it goes."""
