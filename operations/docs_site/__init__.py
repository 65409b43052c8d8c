"""The site: published tables, their owners, and the lineage of each column."""
