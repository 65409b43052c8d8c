"""Runs dbt, and says in a screenful what came of it."""
