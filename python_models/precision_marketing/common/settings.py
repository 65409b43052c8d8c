"""Parameters of dbt_project.yml as a model hands them on, refused in words."""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Self, get_args, get_origin, get_type_hints

MEANINGS = {int: "a whole number", float: "a number", dict: "a mapping", tuple: "a list of numbers"}


class Var(NamedTuple):
    """Where the value of a field stands under ``vars:`` of dbt_project.yml.

    Parameters
    ----------
    name : str
        Of the var.
    entry : str or None
        Of a mapping, the entry in it.
    """

    name: str
    entry: str | None = None

    def __str__(self) -> str:
        """Write it as people read it."""
        return self.name if self.entry is None else f"{self.name}.{self.entry}"


@dataclass(frozen=True)
class Settings:
    """Parameters of a part of the package; no default stands in code."""

    @classmethod
    def from_meta(cls, meta: dict[str, Any]) -> Self:
        """Read the settings that a Python model got through its ``meta``.

        Parameters
        ----------
        meta : dict
            Value by name of the var.

        Raises
        ------
        ValueError
            If one is missing or of another type.
        """
        hints = get_type_hints(cls, include_extras=True)
        return cls(**{name: _read(meta, *get_args(hints[name])) for name in hints})


def _read(meta: dict[str, Any], kind: Any, var: Var) -> Any:
    """Find a parameter and give it the type of its field."""
    found: Any = meta
    for name in filter(None, var):
        if not isinstance(found, dict) or name not in found:
            raise ValueError(f"dbt_project.yml, vars: there is no {var}.")
        found = found[name]
    try:
        return _converted(found, kind)
    except (TypeError, ValueError):
        choices = get_origin(kind) is Literal and " or ".join(get_args(kind))
        wanted = choices or MEANINGS[get_origin(kind) or kind]
        raise ValueError(f"dbt_project.yml, vars: {var} must be {wanted}, not {found!r}.") from None


def _converted(value: Any, kind: Any) -> Any:
    if get_origin(kind) is tuple:
        if not isinstance(value, list | tuple):
            raise TypeError
        return tuple(_converted(each, get_args(kind)[0]) for each in value)
    if get_origin(kind) is Literal:
        if value not in get_args(kind):
            raise ValueError
        return value
    if dict in (kind, get_origin(kind)):
        if not isinstance(value, dict):
            raise TypeError
        return value
    if isinstance(value, bool) or (kind is int and float(value) != int(float(value))):
        raise TypeError
    return kind(value)
