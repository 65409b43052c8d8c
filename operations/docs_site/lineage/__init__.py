"""Column lineage of the project, from published columns to raw ones, through Python.

`graph.project_lineage` reads what `dbt docs generate` wrote and returns, per column of
every model, seed and source, the columns that it comes from; `graph.raw_columns`
follows them to raw tables and seeds.
"""

from operations.docs_site.lineage.graph import column_id, end_columns, project_lineage, raw_columns
from operations.docs_site.lineage.relations import LineageError

__all__ = ["LineageError", "column_id", "end_columns", "project_lineage", "raw_columns"]
