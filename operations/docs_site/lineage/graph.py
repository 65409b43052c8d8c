"""The lineage of all columns together, and the ways along it."""

from __future__ import annotations

from collections.abc import Iterable

from operations.docs_site.lineage.declared import THIS, declared_lineage
from operations.docs_site.lineage.kept import kept
from operations.docs_site.lineage.relations import LineageError, Relation, read_relations
from operations.docs_site.lineage.sql import sql_lineage

# Kinds of edges along which a value comes; `filter` only decides which rows there are.
VALUE_KINDS = ("value", "rows")


def project_lineage(manifest: dict, catalog: dict) -> dict:
    """Return where each column of each model comes from.

    Parameters
    ----------
    manifest, catalog : dict
        What `dbt docs generate` wrote.

    Returns
    -------
    dict
        `columns`: by `<unique id>.<column>`, `from` (a list of `column` and `kind`:
        value, rows or filter) and `how` (sql, python, raw, seed or constant).

    Raises
    ------
    LineageError
        A column of a model cannot be followed.
    """
    relations = read_relations(manifest, catalog)
    by_name = {each.name_in_sql: each for each in relations.values()}
    columns: dict[str, dict] = {}
    for relation in relations.values():
        if relation.kind == "model":
            node = manifest["nodes"][relation.unique_id]
            columns |= _model_columns(relation, node, relations, by_name)
        else:
            how = "raw" if relation.kind == "source" else "seed"
            for name in relation.columns:
                columns[column_id(relation.unique_id, name)] = {"from": [], "how": how}
    return {"columns": dict(sorted(columns.items()))}


def column_id(unique_id: str, column: str) -> str:
    """Return how a column is called in the lineage."""
    return f"{unique_id}.{column}"


def raw_columns(lineage: dict, column: str, kinds: Iterable[str] = VALUE_KINDS) -> list:
    """Return the raw and seed columns that a column comes from, sorted."""
    return [end for end in end_columns(lineage, column, kinds) if lineage["columns"][end]["how"] in ("raw", "seed")]


def end_columns(lineage: dict, column: str, kinds: Iterable[str] = VALUE_KINDS) -> list:
    """Return where the ways from a column end: raw, seed and constant columns, sorted.

    `kinds` are the kinds of edges that are followed.
    """
    followed = set(kinds)
    ends = set()
    seen = {column}
    ahead = [column]
    while ahead:
        at = ahead.pop()
        nearer = [edge["column"] for edge in lineage["columns"][at]["from"] if edge["kind"] in followed]
        if not nearer:
            ends.add(at)
        for each in nearer:
            if each not in seen:
                seen.add(each)
                ahead.append(each)
    return sorted(ends)


def _model_columns(
    relation: Relation, node: dict, relations: dict[str, Relation], by_name: dict[str, Relation]
) -> dict[str, dict]:
    """Return the lineage of the columns of one model."""
    if node["language"] == "python":
        return _python_columns(relation, node, relations)
    code = node.get("compiled_code")
    if not code:
        raise LineageError(
            f"Model {relation.name} has no compiled SQL in the manifest: it comes from dbt docs generate --select '*'."
        )
    read = (relations[each] for each in node["depends_on"]["nodes"] if each in relations)
    return kept(code, (relation, *read), lambda: _sql_columns(relation, code, by_name, _files(node, relations)))


def _sql_columns(
    relation: Relation, code: str, by_name: dict[str, Relation], files: Relation | None
) -> dict[str, dict]:
    """Return the lineage of the columns of a model in SQL."""
    found, filters = sql_lineage(relation.name, code, by_name, files)
    columns = {}
    for name in relation.columns:
        origin = found.get(name.lower())
        if origin is None:
            raise LineageError(
                f"Column {name} of model {relation.name} is not among the columns that "
                "its SQL selects: run make docs again after a change."
            )
        edges = dict.fromkeys(origin.rows, "rows") | dict.fromkeys(origin.value, "value")
        columns[column_id(relation.unique_id, name)] = _column(
            relation, name, "sql", dict.fromkeys(filters, "filter"), edges
        )
    return columns


def _column(relation: Relation, name: str, how: str, filters: dict, edges: dict) -> dict:
    """Return the lineage of one column; what it hands on to itself is no edge."""
    edges = {origin: kind for origin, kind in {**filters, **edges}.items() if origin != (relation.unique_id, name)}
    return {
        "from": [{"column": column_id(*origin), "kind": kind} for origin, kind in sorted(edges.items())],
        "how": how if set(edges.values()) & set(VALUE_KINDS) else "constant",
    }


def _files(node: dict, relations: dict[str, Relation]) -> Relation | None:
    """Return the source that a model reads from a shop's files, if it reads one."""
    sources = [relations[each] for each in node["depends_on"]["nodes"] if each in relations]
    sources = [each for each in sources if each.kind == "source"]
    return sources[0] if len(sources) == 1 else None


def _python_columns(relation: Relation, node: dict, relations: dict[str, Relation]) -> dict[str, dict]:
    """Return the lineage of the columns of a Python model, as declared."""
    read = [relations[each] for each in node["depends_on"]["nodes"]]
    inputs = {each.name: each for each in read} | {THIS: relation}
    declared = node["config"]["meta"].get("lineage", {})
    found, rows = declared_lineage(relation.name, declared, relation.columns, inputs)
    return {
        column_id(relation.unique_id, name): _column(
            relation, name, "python", dict.fromkeys(rows, "filter"), dict.fromkeys(origins, "value")
        )
        for name, origins in found.items()
    }
