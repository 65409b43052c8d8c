"""Checks a plan, launches its campaigns, and undoes a launch until contacts are exported."""
