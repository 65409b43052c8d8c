"""Back up what no build makes again, and put back what is lost.

    python -m operations.backup                     # make backup
    python -m operations.backup backups/000001      # make restore BACKUP=backups/000001

A backup of a shop is `<number>.tar`: its ledger, its coupon codes, its vault, its list of the
forgotten with the receipts, and the plan. `<number>.keys.tar` has the keys: keep it elsewhere. To restore
never replaces what is here; only the list of the forgotten gains rows.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import duckdb
from dbt_common.exceptions import DbtRuntimeError

from operations.audience_export.coupon_codes import codes_of
from operations.build.ledger import EXPORTED, ledger_files, ledger_of
from operations.files import checksum
from operations.places import SHOP, WAREHOUSE, shown
from operations.privacy.keys import ERASURE_KEY, block_key, fingerprint, keyed_name, read_key, shop_key
from operations.privacy.keys import FOLDER as KEYS
from operations.privacy.vault import attach_encrypted, vault_of

BACKUPS = Path(os.environ.get("BACKUPS_DIR", "backups"))
PRIVACY = Path(os.environ.get("PRIVACY_DIR", "privacy")) / SHOP
FORGOTTEN = PRIVACY / "forgotten.csv"
# What stands under these names in an archive, and here.
PLACES = {
    "keys": KEYS,
    "ledger": ledger_of(WAREHOUSE),
    "codes": codes_of(WAREHOUSE),
    "vault": vault_of(WAREHOUSE),
    "privacy": PRIVACY,
    "seeds": Path("seeds/campaigns"),
}
CHECKSUMS = "checksums.json"
UNPACKED = ".unpacked"


class BackupError(Exception):
    """No more was done; one sentence says why."""


def back_up() -> str:
    """Write a backup; return where it is."""
    files = {name: _files_of(place) for name, place in PLACES.items()}
    # what users were told about their data is theirs
    files["privacy"] = [file for file in files["privacy"] if file.parent != PRIVACY / "exports"]
    # a key that the environment sets is kept where that comes from
    keys = [
        file for file in files.pop("keys") if file.suffix == ".key" and not os.environ.get(f"{file.stem.upper()}_KEY")
    ]
    if WAREHOUSE.exists():
        try:
            duckdb.connect(str(WAREHOUSE), read_only=True).close()
        except duckdb.IOException:
            raise BackupError(f"{shown(WAREHOUSE)} is in use. Back up when no build runs.") from None
    BACKUPS.mkdir(parents=True, exist_ok=True, mode=0o700)
    _sweep(BACKUPS)
    number = max((int(file.name[:6]) for file in BACKUPS.glob(f"{'[0-9]' * 6}.*tar")), default=0) + 1
    backup = BACKUPS / f"{number:06d}"
    if keys:
        _write_archive(_keys_of(backup), {"keys": keys})
    _write_archive(_archive_of(backup), files)
    told = f"{_keys_of(backup)} the keys: keep it elsewhere" if keys else "no key is in a file"
    return f"{_archive_of(backup)} holds {sum(map(len, files.values()))} files of {SHOP}, {told}.\n"


def restore(backup: Path) -> str:
    """Put back what is lost; return what was done.

    Raises
    ------
    BackupError
        If the backup is damaged, of another shop, or of other keys than those here.
    """
    # keys and people are unpacked: what a restore that was killed left goes with the next
    unpacked = backup.with_name(f".{backup.name}{UNPACKED}")
    _sweep(backup.parent)
    if not _archive_of(backup).exists():
        raise BackupError(f"there is no {_archive_of(backup)}. Name a backup: make restore BACKUP=backups/000001.")
    unpacked.mkdir(mode=0o700)
    try:
        _unpack(_archive_of(backup), unpacked)
        if _keys_of(backup).exists():
            _unpack(_keys_of(backup), unpacked)
        _refuse_other_keys(unpacked / "keys")
        done = _put_back(unpacked, ["keys"])
        people = _people_then(unpacked / "vault")
        done += _put_back(unpacked, [name for name in PLACES if name != "keys"])
        done += _forget_again(_remember(unpacked / "privacy" / FORGOTTEN.name), people, unpacked)
    finally:
        shutil.rmtree(unpacked)
    return "\n".join([*done, "Now run make build." if done else "Nothing is lost that this backup holds."]) + "\n"


def _put_back(unpacked: Path, names: list[str]) -> list[str]:
    """Move files to their places where they are lost; return a sentence for each."""
    done = []
    for name in names:
        place, kept = PLACES[name], unpacked / name
        pairs = [(file, place / file.relative_to(kept)) for file in _files_of(kept)]
        if name == "ledger" and (here := ledger_files(place)):
            # one that went on to another generation knows more than its backup
            pairs = [pair for pair in pairs if pair[0].name[:4] in (here[0].path.name[:4], EXPORTED[:4])]
        for file, lost in pairs:
            if not lost.exists():
                is_private = name in ("keys", "privacy", "codes")
                lost.parent.mkdir(parents=True, exist_ok=True, mode=0o700 if is_private else 0o777)
                shutil.move(file, lost)
                if is_private:
                    lost.chmod(0o600)
                done.append(f"Restored {shown(lost)}.")
    return done


def _remember(kept: Path) -> set[str]:
    """Add to the list of the forgotten whom only the backup knows; return the list."""
    listed = FORGOTTEN.read_text() if FORGOTTEN.exists() else ""
    here = {row["forgotten_key"] for row in csv.DictReader(listed.splitlines())}
    rows = [*csv.DictReader(kept.read_text().splitlines())] if kept.exists() else []
    if more := [row for row in rows if row["forgotten_key"] not in here]:
        with FORGOTTEN.open("a", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(row.values() for row in more)
    return here | {row["forgotten_key"] for row in more}


def _sweep(backups: Path) -> None:
    """Delete what killed commands left: archives half written, and what was unpacked."""
    for left in [*backups.glob(".??????.*tar"), *backups.glob(f".*{UNPACKED}")]:
        shutil.rmtree(left) if left.is_dir() else left.unlink()


def _forget_again(forgotten: set[str], people_then: set[str], folder: Path) -> list[str]:
    """Forget whom the backup brought back, to the vault or the ledger, although they were forgotten since."""
    if not forgotten or not _is_erasing():
        return []
    erasure, shared = (block_key(name, f"the backup's {name}") for name in ("erasure", "pseudonym"))
    here = _people(PLACES["vault"])
    theirs = {
        # the backup may be of before each shop had pseudonyms of its own
        user: {keyed_name(user, key) for key in (shared, shop_key(shared, SHOP))}
        # of whom the vault here has lost sight, decisions may be back
        for user in here | people_then
        if keyed_name(user, erasure) in forgotten
    }
    decided = _decided({name for names in theirs.values() for name in names})
    back = sorted(user for user, names in theirs.items() if user in here or names & decided)
    if not back:
        return []
    named = folder / "request.csv"
    with named.open("w", newline="") as file:
        csv.writer(file).writerows([["user_id"], *([user] for user in back)])
    request = ["dbt", "--quiet", "run-operation", "forget_user", "--args", json.dumps({"file": str(named)})]
    if subprocess.run(request, check=False).returncode:
        raise BackupError("users who were forgotten are back: mend what stands above, then restore again.")
    return [f"Forgot {len(back)} users again, who were forgotten since."]


def _is_erasing() -> bool:
    """Whether anybody was ever forgotten: with the first the key is made."""
    return ERASURE_KEY.exists() or bool(os.environ.get("ERASURE_KEY"))


def _people_then(vault: Path) -> set[str]:
    """Return the ids of the users in a backup's vault, by which their decisions are found."""
    try:
        return _people(vault) if _is_erasing() else set()
    except duckdb.Error:
        raise BackupError(
            "its vault is sealed with another key than that here, so that nobody could tell whether it brings back"
            " who was forgotten. Restore a backup made after the keys were rotated."
        ) from None


def _people(vault: Path) -> set[str]:
    """Return the ids of the users in a vault, if it is there."""
    if not vault.exists():
        return set()
    with duckdb.connect() as connection:
        attach_encrypted(connection, vault, "vault", read_key("vault", "the backup's vault")[0])
        return {user for (user,) in connection.sql("select source_user_id from vault.people").fetchall()}


def _decided(users: set[str]) -> set[str]:
    """Return those of some pseudonyms that the files of the ledger have."""
    files = [str(file.path) for file in ledger_files(PLACES["ledger"])]
    if not files or not users:
        return set()
    with duckdb.connect() as connection:
        found = connection.execute(
            "select distinct user_id from read_parquet($1, union_by_name = true) where list_contains($2, user_id)",
            [files, [*users]],
        )
        return {user for (user,) in found.fetchall()}


def _refuse_other_keys(kept: Path) -> None:
    for file in _files_of(kept):
        here = KEYS / file.name
        if here.exists() and here.read_text().strip() != file.read_text().strip():
            told = [fingerprint(each.read_text().strip()) for each in (here, file)]
            raise BackupError(
                f"{here} has fingerprint {told[0]}, that of the backup {told[1]}. Move the wrong one away."
            )


def _archive_of(backup: Path) -> Path:
    return backup.with_name(f"{backup.name}.tar")


def _keys_of(backup: Path) -> Path:
    return backup.with_name(f"{backup.name}.keys.tar")


def _files_of(place: Path) -> list[Path]:
    return [file for file in sorted([place, *place.rglob("*")]) if file.is_file()]


def _write_archive(archive: Path, files: dict[str, list[Path]]) -> None:
    """Write files with their shop and their checksums, for their owner alone."""
    members = {str(Path(name, file.relative_to(PLACES[name]))): file for name in files for file in files[name]}
    told = {"shop": SHOP, "files": {name: checksum(file) for name, file in members.items()}}
    writing = archive.with_name(f".{archive.name}")
    descriptor = os.open(writing, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with (
        os.fdopen(descriptor, "wb") as opened,
        tarfile.open(fileobj=opened, mode="w") as written,
        tempfile.NamedTemporaryFile("w") as checksums,
    ):
        json.dump(told, checksums, indent=1)
        checksums.flush()
        for name, file in {CHECKSUMS: Path(checksums.name), **members}.items():
            written.add(file, name)
    writing.replace(archive)


def _unpack(archive: Path, folder: Path) -> None:
    """Unpack an archive, and refuse one that is not as it was written."""
    try:
        with tarfile.open(archive) as written:
            written.extractall(folder, filter="data")
        told = json.loads((folder / CHECKSUMS).read_text())
        damaged = [name for name, told_of in told["files"].items() if checksum(folder / name) != told_of]
    except (tarfile.TarError, ValueError, KeyError, OSError) as error:
        raise BackupError(f"{archive} is damaged, or no backup: {error}.") from None
    if damaged:
        raise BackupError(f"{archive} is damaged: {damaged[0]} is not what was backed up.")
    if told["shop"] != SHOP:
        raise BackupError(
            f"{archive} is of shop {told['shop']}, this is {SHOP}: make restore SOURCE={told['shop']} ..."
        )


def main(arguments: list[str]) -> str | None:
    """Back up, or restore what is named; return a sentence when nothing can be."""
    try:
        sys.stdout.write(restore(Path(arguments[0])) if arguments else back_up())
    except (BackupError, DbtRuntimeError, OSError, duckdb.Error) as error:
        return f"Stopped: {str(error).splitlines()[0]}"
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
