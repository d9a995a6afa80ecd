# SPDX-License-Identifier: MIT
"""One model for most tests, on the CPU in float32, and a home of its own for what is kept."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import echotts
from echotts import _find

TOP = Path(__file__).resolve().parents[2]
SMALL = TOP / "models" / "small"
HEADER = TOP / "include" / "echotts.h"


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Nothing of the user's is read or written."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "HF_HOME"):
            patch.setenv(name, str(folder))
        for name in ("ECHOTTS_VOICES", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
            patch.delenv(name, raising=False)
        yield folder




@pytest.fixture(scope="session")
def model(home: Path) -> Iterator[echotts.Model]:
    with echotts.Model(device="cpu", precision="f32") as model:
        yield model


@pytest.fixture(scope="session")
def program() -> str:
    """The command line program of the same build."""
    return os.environ["ECHOTTS_PROGRAM"]


def library_path() -> str:
    return str(_find._in_folder(Path(_find.__file__).parent) or _find._choose())


def run_c(tmp_path: Path, body: str, before: str = "") -> list[str]:
    """The lines that a C program prints; body is in its main()."""
    source = tmp_path / "main.c"
    source.write_text(
        "#include <echotts.h>\n#include <stdio.h>\n"
        f"{before}\nint main(void)\n{{\n{body}\n    return 0;\n}}\n")
    subprocess.run(
        ["cc", "-Wall", "-Werror", "-I", str(HEADER.parent), str(source), library_path(),
         "-Wl,--disable-new-dtags", f"-Wl,-rpath,{Path(library_path()).parent}",
         "-o", str(tmp_path / "main")],
        check=True)
    out = subprocess.run([str(tmp_path / "main")], check=True, capture_output=True, text=True)
    return out.stdout.splitlines()
