"""Column lineage of a Python model, as its YAML declares it.

A model's `config.meta.lineage` maps output columns, several separated by blanks, to the
input columns that they are computed from: per input, patterns separated by blanks, in
which * is any letters and = the output's own name; one that starts with ! takes columns
away. `this` is the model's own table of the last build. What comes from parameters
alone maps to nothing, {}. Under `rows`, in place of an output column, stands what
decides which rows there are: an edge `filter` of every column.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

from operations.docs_site.lineage.relations import LineageError, Relation

THIS = "this"
ROWS = "rows"


def declared_lineage(
    name: str, declared: dict, columns: tuple[str, ...], inputs: dict[str, Relation]
) -> tuple[dict[str, frozenset], frozenset]:
    """Return the input columns of each output column, and those that decide rows.

    Parameters
    ----------
    name : str
        The model, for the sentence of an error.
    declared : dict
        Its `meta.lineage`.
    columns : tuple of str
        Its output columns.
    inputs : dict of str to Relation
        What it reads, by name; itself as `this`.

    Raises
    ------
    LineageError
        An output column is declared by nothing, or a declaration names what is not.
    """
    found: dict[str, set] = {}
    for outputs, read in declared.items():
        for output in outputs.split():
            if output not in (*columns, ROWS):
                raise LineageError(f"The lineage of model {name} declares {output}, which is not one of its columns.")
            found.setdefault(output, set()).update(
                (inputs[each].unique_id, column)
                for each, patterns in read.items()
                for column in _matching(name, inputs, each, patterns.replace("=", output))
            )
    for column in columns:
        if column not in found:
            raise LineageError(
                f"Column {column} of the Python model {name} is missing from meta "
                "lineage: declare the input columns that it comes from."
            )
    return ({column: frozenset(found[column]) for column in columns}, frozenset(found.get(ROWS, ())))


def _matching(name: str, inputs: dict[str, Relation], read: str, patterns: str) -> list[str]:
    """Return the columns of an input that patterns name."""
    if read not in inputs:
        raise LineageError(f"The lineage of model {name} declares columns of {read}, which it does not read.")
    kept: list[str] = []
    for pattern in patterns.split():
        named = [column for column in inputs[read].columns if fnmatchcase(column, pattern.removeprefix("!"))]
        if not named:
            raise LineageError(f"The lineage of model {name} declares {read}.{pattern}, which matches no column.")
        if pattern.startswith("!"):
            kept = [column for column in kept if column not in named]
        else:
            kept += [column for column in named if column not in kept]
    return kept
