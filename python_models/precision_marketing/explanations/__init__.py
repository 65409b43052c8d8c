"""Contributions of features to a score, and their sentences."""
