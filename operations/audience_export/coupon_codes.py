"""Gives each contact a coupon code of its own: from a pool, or generated.

The folder `<database>.codes` has a file per export that gave codes, `000001.csv` and on,
never altered. A code is on record before any file for a tool holds it, so that an export
that was killed or is repeated gives the same contact the same code, and no code twice. It
knows contacts by their decision_id, which says nothing about people and which no rotation
of keys changes.
"""

from __future__ import annotations

import csv
import datetime
import os
import re
import secrets
from collections import Counter
from pathlib import Path

# No vowels, so that no code is a word, and none of 0 and O, 1 and I. Their number is a
# prime, so that one wrong character or two that swapped places never fit the last one.
ALPHABET = "23456789BCDFGHJKLMNPQRSTVWXYZ"
# Random characters of a code, before the one that checks them: 53 bits.
LENGTH = 11
# Of a pool: what a link, a spreadsheet and a till take as it is.
FIT_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,63}")
COLUMNS = ("code", "campaign_id", "offer_id", "decision_id", "given_on")


class CodesError(Exception):
    """No code was given; one sentence says why."""


def codes_of(warehouse: str | Path) -> Path:
    """Return the folder of the codes given, beside a database."""
    return Path(warehouse).with_suffix(".codes")


def new_code() -> str:
    """Return a code that nobody can guess, its last character a check of the others."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    return code + ALPHABET[_check(code)]


def is_code(text: str) -> bool:
    """Whether a text is a code of `new_code`, with no character wrong and no two swapped."""
    return len(text) == LENGTH + 1 and set(text) <= set(ALPHABET) and ALPHABET[_check(text[:LENGTH])] == text[LENGTH]


def _check(code: str) -> int:
    return sum((place + 2) * ALPHABET.index(letter) for place, letter in enumerate(code)) % len(ALPHABET)


def given_codes(folder: Path) -> dict[str, str]:
    """Return the codes given, by decision_id.

    Raises
    ------
    CodesError
        Where a file is missing: its codes would be given again.
    """
    given: dict[str, str] = {}
    for number, file in enumerate(sorted(folder.glob("*.csv")), 1):
        if file.name != f"{number:06d}.csv":
            raise CodesError(
                f"file {number:06d}.csv of the coupon codes {folder} is missing. Put the folder back from a backup."
            )
        with file.open(newline="", encoding="utf-8") as rows:
            given |= {row["decision_id"]: row["code"] for row in csv.DictReader(rows)}
    return given


def give_codes(folder: Path, contacts: list[tuple[str, str, str]], pool: Path) -> dict[str, str]:
    """Give each contact without a code one, and put it on record.

    Parameters
    ----------
    folder : Path
        Of the codes given.
    contacts : list of tuple
        decision_id, campaign and offer of each contact whose offer needs a code.
    pool : Path
        CSV file with columns offer_id and code: offers that it names take their codes
        from it, others get generated ones. It may be missing.

    Returns
    -------
    dict of str to str
        All codes given, by decision_id.

    Raises
    ------
    CodesError
        Where the pool is at fault or too small, or another export gives codes now.
    """
    # the number is of before the reading: who writes meanwhile has it
    number = len(list(folder.glob("*.csv"))) + 1
    given = given_codes(folder)
    taken = set(given.values())
    pooled = {offer: [code for code in codes if code not in taken] for offer, codes in read_pool(pool).items()}
    reserved = {code for codes in pooled.values() for code in codes}
    waiting = sorted(contact for contact in contacts if contact[0] not in given)
    wanted = Counter(offer for _, _, offer in waiting)
    for offer, codes in pooled.items():
        if wanted[offer] > len(codes):
            raise CodesError(
                f"{pool} has {len(codes):,} codes left for offer {offer}, and {wanted[offer]:,} contacts need one."
            )
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    rows = []
    for decision, campaign, offer in waiting:
        if offer in pooled:
            code = pooled[offer].pop(0)
        else:
            while (code := new_code()) in taken or code in reserved:
                pass
        taken.add(code)
        given[decision] = code
        rows.append((code, campaign, offer, decision, today))
    if rows:
        _write(folder, number, rows)
    return given


def read_pool(pool: Path) -> dict[str, list[str]]:
    """Return the codes of each offer of a pool.

    Raises
    ------
    CodesError
        Naming the row at fault, and no code.
    """
    codes: dict[str, list[str]] = {}
    if not pool.exists():
        return codes
    seen: set[str] = set()
    try:
        with pool.open(newline="", encoding="utf-8-sig") as lines:
            rows = list(csv.DictReader(lines))
    except (OSError, UnicodeError, csv.Error) as error:
        raise CodesError(f"cannot read {pool}: {error}.") from None
    for number, row in enumerate(rows, 2):
        offer, code = ((row.get(name) or "").strip() for name in ("offer_id", "code"))
        if not offer or not FIT_CODE.fullmatch(code):
            raise CodesError(
                f"{pool}, row {number}: expected an offer_id and a code of 3 to 64 letters, digits, - and _."
            )
        if code.upper() in seen:
            raise CodesError(f"{pool}, row {number}: its code stands in the file twice.")
        seen.add(code.upper())
        codes.setdefault(offer, []).append(code)
    return codes


def _write(folder: Path, number: int, rows: list[tuple]) -> None:
    """Write codes as the file of a number: whole, or not at all."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    writing = folder / f".{secrets.token_hex(8)}.new"
    with os.fdopen(os.open(writing, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(COLUMNS)
        writer.writerows(rows)
        opened.flush()
        os.fsync(opened.fileno())
    try:
        # fails where another export wrote the same number meanwhile
        os.link(writing, folder / f"{number:06d}.csv")
    except FileExistsError:
        raise CodesError("another export gives coupon codes at this moment. Run it again.") from None
    finally:
        writing.unlink()
