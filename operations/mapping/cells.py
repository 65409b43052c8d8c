"""Cells of an export as its writer meant them: without blanks around, and without what keeps text a text."""

from __future__ import annotations

BLANKS = "' ' || chr(9) || chr(10) || chr(13) || chr(160) || chr(8203) || chr(8239) || chr(12288) || chr(65279)"
# ASCII without blanks around it, neither = nor ' before it.
PLAIN_CELL = "[!-&(-<>-~]([ -~]*[!-~])?"


def clean(cell: str) -> str:
    """Return SQL of a cell without blanks around it and what a spreadsheet writes so that it stays text."""
    bare = (
        f"case when starts_with(ltrim({cell}), '=\"') then regexp_replace({cell}, '^\\s*=\"(.*)\"\\s*$', '\\1', 's')"
        f" when starts_with({cell}, '''') and regexp_matches({cell}, '^''[0-9=+@-]') then substr({cell}, 2)"
        f" else {cell} end"
    )
    # nearly all cells have nothing to be cleaned, which is told at once
    return (
        f"case when {cell} is null or {cell} in ('', 'NULL', '\\N') then null"
        f" when regexp_full_match({cell}, '{PLAIN_CELL}') then {cell}"
        f" else nullif(nullif(nullif(trim({bare}, {BLANKS}), ''), 'NULL'), '\\N') end"
    )
