"""The declared order of folders, docs/layers.yml: who may refer to whom."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

import yaml

from operations.places import PROJECT_FOLDER

FILE = PROJECT_FOLDER / "docs" / "layers.yml"


@dataclass(frozen=True)
class Layer:
    """A folder of models/ and python_models/.

    Parameters
    ----------
    number : int
        Its place in the order, from 0: a model refers to no folder of a higher one.
    folder : str
        Its path below models/ or python_models/.
    prefix : str
        How its steps are called; marts are plain nouns.
    holds : str
        What it holds, in a few words.
    """

    number: int
    folder: str
    prefix: str
    holds: str

    @property
    def group(self) -> str:
        """The top folder."""
        return self.folder.split("/")[0]


@cache
def read_layers(file: Path = FILE) -> list[Layer]:
    """Return all folders in their order."""
    entries = yaml.safe_load(file.read_text(encoding="utf-8"))
    return [Layer(number, **entry) for number, entry in enumerate(entries)]


def layer_of(node: dict, layers: list[Layer]) -> Layer | None:
    """Return the folder that a model of the manifest stands in; None if in none."""
    place = PurePosixPath(*Path(node["original_file_path"]).parts[1:-1])
    holding = [layer for layer in layers if place.is_relative_to(layer.folder)]
    return max(holding, key=lambda layer: len(layer.folder), default=None)
