# SPDX-License-Identifier: MIT
"""Finding libechotts and loading it."""

import ctypes
import os
from pathlib import Path

from ._version import __version__

NAMES = ("libechotts.so.0", "libechotts.so")

HELP = (
    "Install the package with its library (pip install ./python in a checkout of echotts), "
    "install the library (sudo make install, then sudo ldconfig), or set ECHOTTS_LIBRARY to "
    "libechotts.so or to the build folder that holds it."
)


def _in_folder(folder: Path) -> Path | None:
    return next((folder / name for name in NAMES if (folder / name).is_file()), None)


def _given(value: str) -> Path:
    """What $ECHOTTS_LIBRARY means: the library, or a folder with it."""
    path = Path(value)
    found = _in_folder(path) if path.is_dir() else path if path.is_file() else None
    if found is None:
        raise ImportError(f"ECHOTTS_LIBRARY is {value!r}, but no libechotts.so is there. {HELP}")
    return found.resolve()


def _choose() -> str:
    """The path of the library, or a name for the system's loader."""
    value = os.environ.get("ECHOTTS_LIBRARY")
    if value:
        return str(_given(value))
    return str(_in_folder(Path(__file__).parent) or NAMES[0])


def load() -> ctypes.CDLL:
    """Load the library: $ECHOTTS_LIBRARY, else the package's own, else the system's.

    Raises ImportError if there is none, it cannot be loaded, or it is of another version.
    """
    path = _choose()
    try:
        library = ctypes.CDLL(path)
        version = library.echo_version
    except (OSError, AttributeError) as reason:
        raise ImportError(f"the library of echotts cannot be loaded: {reason}. {HELP}") from reason
    version.restype = ctypes.c_char_p
    found = version().decode()
    if found != __version__:
        raise ImportError(
            f"{path} is echotts {found}, this package needs {__version__}. {HELP}"
        )
    return library
