"""Checks the plan, launches its campaigns that are due, or undoes a launch.

    python -m operations.launch check               # make check-plan
    python -m operations.launch launch [campaigns]  # make launch EMPTY=...
    python -m operations.launch undo campaign       # make undo-launch CAMPAIGN=...

Each works in a copy of the database (operations/launch/database_copy.py).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import duckdb

from operations.build.ledger import LEDGER, LedgerError
from operations.build.python_warnings import keep_warnings_apart
from operations.launch.database_copy import RefusedError, copied, put_into_service
from operations.launch.exported import exported_campaigns, held
from operations.launch.lines import nobody_sentence, preview_lines
from operations.launch.preview import Preview, preview
from operations.launch.rebuild import Rebuild
from operations.places import SHOP, WAREHOUSE

# The latest revision of each decision of a campaign, counted.
STANDING = f"""
    select decision, count(*)
    from (
        from {LEDGER} where campaign_id = $1
        qualify row_number() over (partition by user_id order by revision_number desc) = 1
    )
    group by decision
"""


def check(copy: Path) -> str:
    """Print all faults of the plan, or what it would launch."""
    found = _decided(copy, Rebuild(copy).check())
    return f"\nThe plan has no fault. {_would_launch(found)}\n"


def launch(copy: Path, empty: list[str]) -> str:
    """Launch what is due, if all of it contacts somebody; the figures are those of `check`."""
    found = _decided(copy, Rebuild(copy).launch(empty))
    if unknown := {*empty} - {each.campaign_id for each in found.launching}:
        raise RefusedError(f"EMPTY names {', '.join(sorted(unknown))}, which is no campaign that would launch.")
    if nobody := [each for each in found.launching if not each.contacts and each.campaign_id not in empty]:
        raise RefusedError(nobody_sentence(nobody, found))
    if not found.launching:
        return f"\nNothing was launched. {_would_launch(found)}\n"
    put_into_service(copy, WAREHOUSE)
    contacts = sum(each.contacts for each in found.launching)
    names = ", ".join(each.campaign_id for each in found.launching)
    return (
        f"\nLaunched {names} with {contacts:,} contacts. Until make export, make undo-launch CAMPAIGN=... undoes it.\n"
    )


def undo(copy: Path, campaign: str) -> str:
    """Take back a launch of which no contact was exported."""
    with duckdb.connect(str(copy), read_only=True) as connection:
        _refuse_undoing(connection, campaign)
    if faults := Rebuild(copy).undo(campaign):
        raise RefusedError("\n".join(faults))
    put_into_service(copy, WAREHOUSE)
    return f"Undid the launch of {campaign}. To launch it again, plan it under another campaign_id.\n"


def _decided(copy: Path, faults: list[str]) -> Preview:
    """Print what a copy decided, or refuse with all that is wrong."""
    if faults:
        is_plan = all(fault.startswith(("Seed ", "File ")) for fault in faults)
        counted = f"{len(faults)} " + ("fault" if is_plan else "failed step") + "s" * (len(faults) > 1)
        raise RefusedError("\n".join([f"the plan of {SHOP} has {counted}.", *faults]))
    with duckdb.connect(str(copy), read_only=True) as connection:
        found = preview(connection)
    sys.stdout.write("\n".join([f"Plan of {SHOP}", *preview_lines(found)]) + "\n")
    return found


def _would_launch(found: Preview) -> str:
    names = [each.campaign_id for each in found.launching]
    if not names:
        return "No approved campaign is due that is not launched."
    nobody = [each for each in found.launching if not each.contacts]
    refused = f" make launch will refuse: {nobody_sentence(nobody, found)}" if nobody else ""
    return f"This would be launched: {', '.join(names)}.{refused}"


def _refuse_undoing(connection: duckdb.DuckDBPyConnection, campaign: str) -> None:
    standing = dict(connection.execute(STANDING, [campaign]).fetchall())
    [[sent]] = connection.execute(
        "select count(*) from core.campaign_contacts where campaign_id = $1", [campaign]
    ).fetchall()
    if not standing:
        raise RefusedError(f"no campaign {campaign} is launched.")
    if not {"contact", "control"} & {*standing}:
        raise RefusedError(
            f"the launch of {campaign} was undone before."
            if "withdrawn" in standing
            else f"{campaign} was launched without contacts, so nothing can be taken back."
        )
    if exported_on := exported_campaigns(WAREHOUSE).get(campaign):
        raise RefusedError(
            f"contacts of {campaign} were first exported on {exported_on} and may have been sent; withdraw users one by"
            " one in seed decision_corrections."
        )
    if sent:
        raise RefusedError(f"the shop's campaign_contacts have {sent:,} rows of {campaign}, so that it was sent.")


# Per command what it does, and what is told when it does nothing.
COMMANDS: dict[str, tuple[Callable[[Path, list[str]], str], str]] = {
    "check": (lambda copy, _: check(copy), "Nothing would be launched"),
    "launch": (launch, "Nothing was launched"),
    "undo": (lambda copy, names: undo(copy, names[0]), "Nothing was undone"),
}


def main(arguments: list[str]) -> int:
    """Run a command; return 1 where it is refused."""
    keep_warnings_apart()
    command, refused = COMMANDS[arguments[0]]
    names = [name.strip() for name in ",".join(arguments[1:]).split(",") if name.strip()]
    if arguments[0] == "undo":
        names = arguments[1:]
    try:
        with held(WAREHOUSE), copied(WAREHOUSE) as copy:
            sys.stdout.write(command(copy, names))
    except (RefusedError, LedgerError, OSError) as error:
        sys.stderr.write(f"{refused}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
