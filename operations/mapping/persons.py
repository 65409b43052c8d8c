"""Finds the rows of users in files that a mapping reads, by the ids that it gives them."""

from __future__ import annotations

from pathlib import Path

from operations.mapping.reading import NAME, MappingFaultsError, Part, mapping_in
from operations.mapping.tables import part_relation, places_of, reader
from operations.personal_data.persons import Person, UnreadableError, names_of
from operations.personal_data.user_files import Reading, RowsInFile, UserRows
from operations.shop_files import FILE, ROW


def mapped_rows(folder: Path | None, persons: list[Person], reading: Reading) -> dict[Path, dict[int, str]]:
    """Return the rows of users in mapped files: by file, the number of each row with the user's id.

    A row counts whether or not a table takes it, and so does one that is joined to it.

    Raises
    ------
    UnreadableError
        Where the mapping cannot be used: its files may hold rows of anybody.
    """
    found: dict[Path, dict[int, str]] = {}
    try:
        mapping = mapping_in(str(folder)) if folder else None
        if not mapping:
            return {}
        with reader().cursor() as connection:
            connection.execute("create or replace temp table names (name varchar)")
            connection.executemany("insert into names values ($1)", [[name] for name in sorted(names_of(persons))])
            for table in mapping.tables:
                for part in mapping.parts(table):
                    if "user_id" not in part.columns:
                        continue
                    alone = Part(part.source, {"user_id": part.columns["user_id"]})
                    rows = part_relation(mapping, table, alone, reading.encoding, places=True)
                    id_ = reading.id_as_read.replace("{column}", "user_id")
                    pairs = [(FILE, ROW), *places_of(mapping, part.source)]
                    for file, row in pairs:
                        there = connection.execute(
                            f"select distinct {file}, {row}, {id_} from {rows}"
                            f" where coalesce({id_} in (from names), false) and {file} is not null"
                        )
                        for name, number, user in there.fetchall():
                            found.setdefault(Path(name), {})[number] = user
    except MappingFaultsError as error:
        raise UnreadableError(f"{error.faults[0]} Mend it first, or rows of users would stay.") from None
    return found


def rows_in_mapped_files(folder: Path | None, reading: Reading, persons: list[Person]) -> list[RowsInFile]:
    """Return the rows of users in mapped files, as of `mapped_rows`, as requests count them."""
    return [
        RowsInFile("raw_files", file, file.relative_to(folder or ""), UserRows(ids, 0, 0), reading)
        for file, ids in mapped_rows(folder, persons, reading).items()
    ]


def refuse_mapped(folder: Path | None, found: list[RowsInFile]) -> None:
    """Stop before anything is taken out: files that a mapping reads are not written.

    Raises
    ------
    UnreadableError
        Where rows stand in such a file; it names them.
    """
    mapping = mapping_in(str(folder)) if folder else None
    if not mapping:
        return
    files = {Path(file) for name in mapping.sources for file in mapping.files_of_source(name)}
    theirs = [each for each in found if each.file in files]
    if theirs:
        rows = "; ".join(f"of {each.file} rows {', '.join(map(str, sorted(each.found.ids)))}" for each in theirs)
        raise UnreadableError(
            f"Files that {NAME} maps are not written. First delete, counted below the names of columns, {rows}."
        )
