# SPDX-License-Identifier: MIT
"""The examples do what they say."""

import importlib.util
import json
import runpy
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from conftest import SMALL, TOP

import echotts

EXAMPLES = TOP / "python" / "examples"


@pytest.fixture
def app(model: echotts.Model, monkeypatch: pytest.MonkeyPatch) -> Any:
    spec = importlib.util.spec_from_file_location("gradio_app", EXAMPLES / "gradio_app.py")
    assert spec and spec.loader
    module: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "model", lambda: model)
    return module


@pytest.fixture
def quick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small model, with fewer steps by default."""
    folder = tmp_path_factory.mktemp("quick")
    for path in SMALL.iterdir():
        (folder / path.name).symlink_to(path)
    own = json.loads((SMALL / "echotts.json").read_text())
    (folder / "echotts.json").unlink()
    (folder / "echotts.json").write_text(json.dumps({**own, "num_steps": 5}))
    return folder


def test_notebook(tmp_path: Path, quick: Path, monkeypatch: pytest.MonkeyPatch,
                  capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ECHOTTS_DEVICE", "cpu")
    monkeypatch.setenv("ECHOTTS_MODEL", str(quick))
    runpy.run_path(str(EXAMPLES / "notebook.py"))
    assert "num_steps                5" in capsys.readouterr().out
    written = {"hello.flac", "dialogue.mp3", "market.opus", "mine.wav"}
    assert {path.name for path in tmp_path.iterdir()} == written
    for name in written:
        assert len(echotts.load(name)) > echotts.SAMPLE_RATE / 2


def test_gradio_functions(app: Any, model: echotts.Model) -> None:
    rate, sound = app.speak("Good morning.", "joe", None, "fast", 2.0)
    assert rate == echotts.SAMPLE_RATE and sound.dtype == np.int16 and np.abs(sound).max() > 999
    expected = model.say("Good morning.", "joe", preset="fast", seed=2)
    np.testing.assert_allclose(sound / 32767, expected, atol=1 / 32767)
    _, cloned = app.speak("Good morning.", "deep", str(SMALL / "joe.wav"), "fast", 2.0)
    np.testing.assert_array_equal(cloned, sound)

    blocks = list(app.stream("Good morning. How are you today?", "joe", "", "fast", 0.0))
    assert len(blocks) > 1 and all(block[0] == rate for block in blocks)
    with pytest.raises(echotts.ArgumentError):
        app.speak("", None, None, "fast", 0.0)


def test_gradio_is_imported_late(app: Any) -> None:
    assert "gradio" not in sys.modules
