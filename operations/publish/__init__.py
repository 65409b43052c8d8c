"""Copies of the marts that readers may keep open."""
