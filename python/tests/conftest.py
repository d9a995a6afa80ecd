# SPDX-License-Identifier: MIT
"""One model for most tests, on the CPU in float32, and a home of its own for what is kept."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import echotts

TOP = Path(__file__).resolve().parents[2]
SMALL = TOP / "models" / "small"


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
