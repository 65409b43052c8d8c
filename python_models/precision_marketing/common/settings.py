"""Parameters of dbt_project.yml as a model hands them on, refused in words."""

from dataclasses import dataclass, field, fields
from typing import Any, Literal, Self, get_args, get_origin, get_type_hints

MEANINGS = {
    int: "a whole number",
    float: "a number",
    dict: "a mapping",
    tuple: "a list of numbers",
}


def parameter(*place: str) -> Any:
    """Declare the field of a settings class that a var of dbt_project.yml fills.

    Parameters
    ----------
    *place : str
        Name of the var and, of a mapping, of the entry in it.
    """
    return field(metadata={"place": place})


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
        kinds = get_type_hints(cls)
        return cls(
            **{
                each.name: _typed(meta, each.metadata["place"], kinds[each.name])
                for each in fields(cls)
            }
        )


def _typed(meta: dict[str, Any], place: tuple[str, ...], kind: Any) -> Any:
    """Find a parameter and give it the type of its field."""
    value: Any = meta
    for name in place:
        if not isinstance(value, dict) or name not in value:
            raise ValueError(f"dbt_project.yml, vars: there is no {'.'.join(place)}.")
        value = value[name]
    try:
        return _converted(value, kind)
    except (TypeError, ValueError):
        choices = get_origin(kind) is Literal and " or ".join(get_args(kind))
        wanted = choices or MEANINGS[get_origin(kind) or kind]
        raise ValueError(
            f"dbt_project.yml, vars: {'.'.join(place)} must be {wanted}, not {value!r}."
        ) from None


def _converted(value: Any, kind: Any) -> Any:
    if get_origin(kind) is tuple:
        if not isinstance(value, list | tuple):
            raise TypeError
        return tuple(_converted(each, get_args(kind)[0]) for each in value)
    if get_origin(kind) is Literal:
        if value not in get_args(kind):
            raise ValueError
        return value
    if kind is dict or get_origin(kind) is dict:
        if not isinstance(value, dict):
            raise TypeError
        return value
    if isinstance(value, bool) or (kind is int and float(value) != int(float(value))):
        raise TypeError
    return kind(value)
