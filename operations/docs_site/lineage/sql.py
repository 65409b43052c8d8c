"""Column lineage of one SQL model, by sqlglot: qualified once, scopes walked once.

Three kinds of edges. `value`: the column stands in the expression that is selected,
conditions of a CASE and windows included. `rows`: what is selected counts or numbers
rows, or says whether there is one; the column decides which rows there are. `filter`:
the column decides, by a join, filter or group, which rows the model has.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

from operations.docs_site.lineage.relations import LineageError, Relation

# Table functions that make their rows from numbers.
GENERATORS = {"generate_series", "range"}
# What macro file_rows calls the rows of a shop's files.
FILE_ROWS = "united"

# Of one column of a relation: its unique id, its name.
Columns = frozenset[tuple[str, str]]
NOTHING: Columns = frozenset()


@dataclass(frozen=True)
class Origin:
    """Where one selected column comes from."""

    value: Columns = NOTHING
    rows: Columns = NOTHING
    # Literals tell apart what is constant from what differs between united queries.
    constant: str | None = None

    def __or__(self, other: Origin) -> Origin:
        """Return where a column comes from that is made of two."""
        return Origin(self.value | other.value, self.rows | other.rows)

    @property
    def is_constant(self) -> bool:
        """Return whether nothing but literals went in."""
        return not self.value and not self.rows


@dataclass
class Selected:
    """What a query selects, and what decides which rows it has."""

    columns: dict[str, Origin] = field(default_factory=dict)
    filters: Columns = NOTHING
    # Every column of every relation below: which rows a query has that filters nothing.
    below: Columns = NOTHING

    @property
    def rows(self) -> Columns:
        """Return what decides which rows there are."""
        return self.filters or self.below


def sql_lineage(
    name: str, code: str, relations: dict[str, Relation], files: Relation | None = None
) -> tuple[dict[str, Origin], Columns]:
    """Follow each column that a model selects to the relations that the model reads.

    Parameters
    ----------
    name : str
        The model, for the sentence of an error.
    code : str
        Its compiled SQL.
    relations : dict of str to Relation
        All that it may read, by what SQL calls them.
    files : Relation, optional
        The source that macro file_rows reads here, from a shop's files.

    Returns
    -------
    columns : dict of str to Origin
        Per selected column, in order.
    filters : frozenset
        Columns that decide which rows the model has.
    """
    try:
        tree = sqlglot.parse_one(code, dialect="duckdb")
        _make_plain(name, tree, files)
        read = _name_relations(tree, relations, files)
        tree = qualify(
            tree,
            dialect="duckdb",
            schema={each.unique_id: dict.fromkeys(each.columns, "unknown") for each in read.values()},
            infer_schema=False,
            quote_identifiers=False,
            identify=False,
        )
    except SqlglotError as error:
        raise LineageError(f"The SQL of model {name} cannot be followed: {str(error).splitlines()[0]}") from error
    selected = _Walk(name, read).query(build_scope(tree))
    return selected.columns, selected.filters


def _make_plain(name: str, tree: exp.Expression, files: Relation | None) -> None:
    """Put plain queries in place of unpivots, of files and of functions of numbers."""
    for pivot in list(tree.find_all(exp.Pivot)):
        if not pivot.args.get("unpivot"):
            raise LineageError(f"The SQL of model {name} pivots, which lineage cannot follow.")
        pivot.parent.replace(_unpivoted(pivot))
    for subquery in list(tree.find_all(exp.Subquery)):
        if files is not None and subquery.alias == FILE_ROWS:
            subquery.set("this", _rows_of_files(subquery.this, files))
    for table in list(tree.find_all(exp.Table)):
        if (called := table.name.lower() or _function(table)) in GENERATORS:
            table.replace(exp.select(exp.null().as_(called)).subquery(table.alias))


def _name_relations(
    tree: exp.Expression, relations: dict[str, Relation], files: Relation | None
) -> dict[str, Relation]:
    """Call the relations of a query by their unique ids; return those it reads."""
    read = {} if files is None else {files.unique_id: files}
    for table in tree.find_all(exp.Table):
        parts = ".".join(part.name.lower() for part in table.parts)
        if (relation := relations.get(parts)) is not None:
            read[relation.unique_id] = relation
            if not table.alias:
                table.set("alias", exp.TableAlias(this=table.this.copy()))
            table.set("this", exp.to_identifier(relation.unique_id, quoted=True))
            table.set("db", None)
            table.set("catalog", None)
    return read


def _unpivoted(pivot: exp.Pivot) -> exp.Subquery:
    """Return a query with the columns of an unpivot: its values are of all columns.

    Which column a value is of, the name, is a matter of the rows there are.
    """
    table = pivot.parent
    table.set("pivots", None)
    (names,) = pivot.args["fields"]
    value = exp.func("coalesce", *(each.copy() for each in names.expressions))
    name = exp.Window(this=exp.RowNumber())
    return (
        exp.select("*", value.as_(pivot.expressions[0].name), name.as_(names.this.name))
        .from_(table.copy())
        .subquery(pivot.alias or table.alias_or_name)
    )


def _function(table: exp.Table) -> str:
    """Return the name of a table function, lower case."""
    return table.this.sql_name().lower() if isinstance(table.this, exp.Func) else ""


def _rows_of_files(query: exp.Query, source: Relation) -> exp.Select:
    """Return a query of a source, for what macro file_rows reads of its files."""
    table = exp.to_identifier(source.unique_id, quoted=True)
    return exp.select(
        *(
            (
                exp.column(source.aliases[column.lower()], quoted=True)
                if column.lower() in source.aliases
                else exp.null()
            ).as_(column, quoted=True)
            for column in _leftmost(query).named_selects
        )
    ).from_(exp.Table(this=table))


def _leftmost(query: exp.Query) -> exp.Select:
    """Return the first select of united ones."""
    while isinstance(query, exp.SetOperation):
        query = query.left
    return query


class _Walk:
    """Walks the scopes of one model."""

    def __init__(self, name: str, relations: dict[str, Relation]) -> None:
        self.name = name
        self.relations = relations
        self.done: dict[int, Selected] = {}

    def query(self, scope: Scope) -> Selected:
        """Return what a scope selects."""
        if id(scope) not in self.done:
            # a recursive query meets itself unfinished
            self.done[id(scope)] = Selected()
            if isinstance(scope.expression, exp.SetOperation):
                found = self.united(scope)
            elif isinstance(scope.expression, exp.Select):
                found = self.select(scope)
            else:
                found = self.generated(scope)
            self.done[id(scope)] = found
        return self.done[id(scope)]

    def united(self, scope: Scope) -> Selected:
        """Return what a union, intersection or difference selects."""
        left, right = (self.query(each) for each in scope.union_scopes)
        operation = scope.expression
        names = list(left.columns)
        if operation.args.get("by_name"):
            names += [name for name in right.columns if name not in left.columns]
            pairs = [(left.columns.get(n), right.columns.get(n)) for n in names]
        else:
            pairs = list(zip(left.columns.values(), right.columns.values(), strict=True))
        filters = left.filters | right.filters
        below = left.below | right.below
        if not isinstance(operation, exp.Union) or operation.args.get("distinct"):
            for pair in pairs:
                for origin in filter(None, pair):
                    filters |= origin.value | origin.rows
        columns = {}
        for name, (one, other) in zip(names, pairs, strict=True):
            if isinstance(operation, exp.Except):
                columns[name] = one
                continue
            columns[name] = (one or Origin()) | (other or Origin())
            if columns[name].is_constant:
                same = one and other and one.constant == other.constant
                columns[name] = one if same else Origin(rows=(filters or below), constant=None)
        return Selected(columns, filters, below)

    def select(self, scope: Scope) -> Selected:
        """Return what a select has."""
        query = scope.expression
        read = [self.source(source) for _, source in scope.selected_sources.values()]
        filters = frozenset().union(*(each.filters for each in read))
        below = frozenset().union(*(each.below for each in read))
        for part in self.deciding(query):
            origin = self.expression(part, scope, below)
            filters |= origin.value | origin.rows
        columns = {}
        for projection in query.selects:
            columns[projection.alias_or_name.lower()] = self.expression(projection.unalias(), scope, filters or below)
        if query.args.get("distinct"):
            for origin in columns.values():
                filters |= origin.value | origin.rows
        return Selected(columns, filters, below)

    @staticmethod
    def deciding(query: exp.Select) -> list[exp.Expression]:
        """Return the parts of a select that decide which rows it has."""
        parts = [query.args.get(key) for key in ("where", "group", "having", "qualify")]
        if query.args.get("limit"):
            parts.append(query.args.get("order"))
        parts += [join.args.get("on") for join in query.args.get("joins") or []]
        return [part for part in parts if part is not None]

    def source(self, source: Scope | exp.Expression) -> Selected:
        """Return what is read in a FROM or JOIN: a query, or a relation."""
        if isinstance(source, Scope):
            return self.query(source)
        relation = self.relations.get(source.name)
        if relation is None:
            raise LineageError(
                f"Model {self.name} reads {source.sql('duckdb')[:80]}, which is "
                "neither a model nor a seed nor a source."
            )
        columns = {name.lower(): Origin(value=frozenset({(relation.unique_id, name)})) for name in relation.columns}
        below = frozenset((relation.unique_id, name) for name in relation.columns)
        return Selected(columns, NOTHING, below)

    def generated(self, scope: Scope) -> Selected:
        """Return what UNNEST and the like give: each column of all they read."""
        origin = self.expression(scope.expression, scope, NOTHING)
        return Selected({"*": origin}, NOTHING, origin.value | origin.rows)

    def expression(self, expression: exp.Expression, scope: Scope, rows: Columns) -> Origin:
        """Return where an expression comes from; `rows` decide the scope's rows."""
        origin = Origin()
        inner = {id(each.expression): each for each in scope.subquery_scopes}
        for node in expression.walk(prune=lambda each: id(each) in inner):
            if id(node) in inner:
                found = self.query(inner[id(node)])
                for each in found.columns.values():
                    origin |= each
                # one row of it, or whether there is one
                origin |= Origin(rows=found.rows)
            elif isinstance(node, exp.Column):
                origin |= self.column(node, scope)
            elif isinstance(node, exp.AggFunc | exp.Window):
                # the count of rows, or of the rows of a constant
                named = node.find_all(exp.Column)
                if _is_count_of_rows(node) or all(self.column(each, scope).is_constant for each in named):
                    origin |= Origin(rows=rows)
        if origin.is_constant:
            return Origin(constant=expression.sql("duckdb"))
        return origin

    def column(self, column: exp.Column, scope: Scope) -> Origin:
        """Return where a column that an expression names comes from."""
        holder = scope
        while holder is not None and column.table not in holder.sources:
            holder = holder.parent
        if holder is None:
            if _is_parameter(column):
                return Origin()
            for projection in getattr(scope.expression, "selects", []):
                # ORDER BY and the like may name what is selected
                if not column.table and projection.alias_or_name == column.name:
                    return self.expression(projection.unalias(), scope, NOTHING)
            raise LineageError(
                f"Column {column.sql('duckdb')} in the SQL of model {self.name} "
                "belongs to none of the tables that it reads."
            )
        read = self.source(holder.sources[column.table])
        origin = read.columns.get(column.name.lower()) or read.columns.get("*")
        if origin is None:
            raise LineageError(
                f"Column {column.sql('duckdb')} in the SQL of model {self.name} is not "
                "a column of the table that it is read from."
            )
        if origin.is_constant and column.table in _maybe_missing(holder.expression):
            # whether the row was found is all that it says
            return Origin(rows=read.rows)
        return origin


def _is_count_of_rows(node: exp.Expression) -> bool:
    """Return whether a function counts rows, whatever is in them."""
    return isinstance(node, exp.Count) and isinstance(node.this, exp.Star)


def _is_parameter(column: exp.Column) -> bool:
    """Return whether a name is the parameter of a lambda that it stands in."""
    inside = column.find_ancestor(exp.Lambda)
    while inside is not None:
        if column.name in {parameter.name for parameter in inside.expressions}:
            return True
        inside = inside.find_ancestor(exp.Lambda)
    return False


def _maybe_missing(query: exp.Expression) -> set[str]:
    """Return the tables of a select whose rows an outer join may leave null."""
    missing: set[str] = set()
    if not isinstance(query, exp.Select) or query.args.get("from_") is None:
        return missing
    before = {query.args["from_"].alias_or_name}
    for join in query.args.get("joins") or []:
        if join.side in ("RIGHT", "FULL"):
            missing |= before
        if join.side in ("LEFT", "FULL"):
            missing.add(join.alias_or_name)
        before.add(join.alias_or_name)
    return missing
