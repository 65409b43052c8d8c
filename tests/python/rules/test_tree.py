"""A folder can be taken in at a glance."""

from collections import Counter

from support.builds import PROJECT_FOLDER

MOST_FILES_OF_A_KIND = 25
ROOMS = ("models", "macros", "seeds", "python_models", "operations", "profiles", "demo_shop", "tests", "docs")


def test_no_folder_is_crowded() -> None:
    counts = Counter(
        (str(file.parent.relative_to(PROJECT_FOLDER)), file.suffix)
        for room in ROOMS
        for file in (PROJECT_FOLDER / room).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    )
    assert {place: count for place, count in counts.items() if count > MOST_FILES_OF_A_KIND} == {}
