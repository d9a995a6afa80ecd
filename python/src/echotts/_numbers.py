# SPDX-License-Identifier: MIT
"""Values that users give, before they become numbers of C, which would wrap silently."""

import difflib
import operator
from collections.abc import Iterable
from typing import Any

from .errors import ArgumentError


def _wrong_type(name: str, expected: str, value: Any) -> TypeError:
    return TypeError(f"{name} must be {expected}, not {type(value).__name__}")


def as_int(name: str, value: Any, bits: int = 32, signed: bool = True) -> int:
    """An int that fits C's.  Raises TypeError or ArgumentError."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise _wrong_type(name, "an int", value)
    number = operator.index(value)
    least, end = (-(1 << bits - 1), 1 << bits - 1) if signed else (0, 1 << bits)
    if not least <= number < end:
        raise ArgumentError(f"{name} is {number}, expected {least} to {end - 1}", field=name)
    return number


def as_float(name: str, value: Any) -> float:
    """A float.  Raises TypeError."""
    if isinstance(value, (bool, str, bytes)) or not hasattr(value, "__float__"):
        raise _wrong_type(name, "a number", value)
    return float(value)


def as_bool(name: str, value: Any) -> bool:
    """A bool, also NumPy's.  Raises TypeError."""
    if isinstance(value, bool) or type(value).__name__ in ("bool_", "bool"):
        return bool(value)
    raise _wrong_type(name, "a bool", value)


def nearest(word: str, known: Iterable[str]) -> str:
    """'; did you mean ...?' of the name that is nearest, or ''."""
    near = difflib.get_close_matches(word.lower(), list(known), 1)
    return f"; did you mean {near[0]!r}?" if near else ""


def check_names(names: Iterable[str], known: Iterable[str], caller: str) -> None:
    """Raises TypeError, as Python does, for a keyword that is none of the known ones."""
    known = list(known)
    for name in names:
        if name not in known:
            raise TypeError(
                f"{caller}() got an unexpected keyword argument {name!r}{nearest(name, known)}"
            )
