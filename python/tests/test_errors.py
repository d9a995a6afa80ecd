# SPDX-License-Identifier: MIT
"""Bad input gets one line; keywords are those of the library's table."""

import ctypes
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import SMALL

import echotts
from echotts.parameters import _OTHERS, _TEXTS, rows_of_text


def test_options_are_those_of_the_table() -> None:
    names = {name for p in echotts.parameters() for name in (p.name, p.alias) if name}
    names |= {*rows_of_text(), *_TEXTS, *_OTHERS}
    assert set(echotts.Options.__annotations__) == names


@pytest.mark.parametrize(
    ("params", "error", "line"),
    [
        ({"num_step": 3}, TypeError, r"say\(\) got .* 'num_step'; did you mean 'num_steps'\?"),
        ({"qqqqqq": 3}, TypeError, r"argument 'qqqqqq'$"),
        ({"steps": 3, "num_steps": 3}, TypeError, "both 'steps' and 'num_steps'"),
        ({"steps": "many"}, echotts.ArgumentError, "steps is 'many', expected a number$"),
        ({"frames": "some"}, echotts.ArgumentError, "or one of auto, full"),
        ({"steps": 2.5}, TypeError, "steps must be an int, not float"),
        ({"steps": True}, TypeError, "steps must be an int, not bool"),
        ({"steps": 0}, echotts.ArgumentError, "steps is 0, expected 1 to 1000"),
        ({"steps": 2**32 + 5}, echotts.ArgumentError, "steps is"),
        ({"seed": -1}, echotts.ArgumentError, "seed is -1"),
        ({"seed": 2**64}, echotts.ArgumentError, "seed is"),
        ({"cfg_text": float("nan")}, echotts.ArgumentError, "cfg_text is nan"),
        ({"cfg_text": 1e300}, echotts.ArgumentError, "expected -100 to 100"),
        ({"cfg_text": "3"}, echotts.ArgumentError, "expected a number"),
        ({"trim": 1}, TypeError, "trim must be a bool, not int"),
        ({"block_sizes": 32}, TypeError, "block_sizes must be a sequence"),
        ({"block_sizes": [0]}, echotts.ArgumentError, "block_sizes is 0"),
        ({"block_sizes": [1] * 65}, echotts.ArgumentError, "65 entries"),
        ({"retakes": 11}, echotts.ArgumentError, "retakes is 11, expected 0 to 10"),
        ({"retakes": 2**33}, echotts.ArgumentError, "retakes is"),
        ({"pause_sentence": 61}, echotts.ArgumentError, "pause_sentence"),
        ({"markup": "word"}, echotts.ArgumentError, "word"),
        ({"preset": "fats"}, echotts.ArgumentError, "did you mean 'fast'"),
        ({"rescale_k": 2}, echotts.ArgumentError, "needs both"),
        ({"cast": {"Anna": "nobody"}}, echotts.FileError, "'nobody' is neither"),
        ({"cast": {"Anna": None}}, echotts.ArgumentError, "Anna"),
        ({"cast": {str(i): None for i in range(65)}}, echotts.ArgumentError, "65 names"),
    ],
)
def test_keywords(
    model: echotts.Model, params: dict[str, Any], error: type[Exception], line: str
) -> None:
    with pytest.raises(error, match=line) as caught:
        model.say("Hello.", **params)
    assert "\n" not in str(caught.value)
    if isinstance(caught.value, echotts.ArgumentError):
        assert caught.value.field and isinstance(caught.value, ValueError)


@pytest.mark.parametrize("text", ["", " ", "...", "a\0b", "\ud800", "\x1b[1m"])
def test_texts(model: echotts.Model, text: str) -> None:
    wordless = text in ("...", "\x1b[1m")
    kind = echotts.NothingToSayError if wordless else echotts.ArgumentError
    with pytest.raises(kind) as caught:
        model.say(text)
    assert "\n" not in str(caught.value)
    assert wordless or caught.value.field == "text"
    with pytest.raises(TypeError, match="text must be a str"):
        model.say(b"Hello.")  # type: ignore[arg-type]


def test_words_instead_of_numbers(model: echotts.Model) -> None:
    auto = model.say("Hello there.", "joe", sequence_length="auto", steps=4)
    np.testing.assert_array_equal(auto, model.say("Hello there.", "joe", frames=0, steps=4))


def test_warnings(model: echotts.Model) -> None:
    """A window that is too small: the line says so, and it comes from this file."""
    text = "This sentence is much longer than its window allows."
    with pytest.warns(echotts.EchoWarning) as caught:
        model.say(text, "joe", sequence_length=16, retakes=0)
    assert {warning.filename for warning in caught} == {__file__}
    assert model.last and model.last.warnings == [str(w.message) for w in caught]
    with pytest.raises(echotts.SpeechError):
        model.say(text, "joe", sequence_length=16, retakes=0, strict=True)


def test_models(tmp_path: Path) -> None:
    with pytest.raises(echotts.EchoError, match="nowhere"):
        echotts.Model(tmp_path / "nowhere")
    for name in ("echo.safetensors", "dac.safetensors", "pca.safetensors"):
        (tmp_path / name).write_bytes(b"\x08\0\0\0\0\0\0\0{}      ")
    with pytest.raises(echotts.ModelError, match="safetensors"):
        echotts.Model(tmp_path)
    for wrong in ({"device": "gpu9"}, {"precision": "f8"}, {"threads": -1}, {"threads": 2**40},
                  {"loras": [tmp_path / "none.safetensors"]}, {"path": "a\0b"}):
        with pytest.raises(echotts.EchoError) as caught:
            echotts.Model(**{"path": SMALL, **wrong})  # type: ignore[arg-type]
        assert "\n" not in str(caught.value)


def test_closed_model() -> None:
    with echotts.Model(device="cpu", precision="f32") as model:
        pass
    for use in (lambda: model.info, lambda: model.voice("joe"), model.parameters,
                lambda: model.stream("a"), lambda: model.pieces("a"), lambda: model.voices):
        with pytest.raises(ValueError, match="closed"):
            use()
    assert "closed" in repr(model)


# ---- finding the library ----


def importing(library: str) -> str:
    """The last line of a Python that imports the package with this $ECHOTTS_LIBRARY."""
    done = subprocess.run(
        [sys.executable, "-c", "import echotts"], capture_output=True, text=True,
        env={**os.environ, "ECHOTTS_LIBRARY": library})
    assert done.returncode == 1
    return done.stderr.splitlines()[-1]


def test_the_library_is_missing(tmp_path: Path) -> None:
    line = importing(str(tmp_path))
    assert line.startswith(f"ImportError: ECHOTTS_LIBRARY is {str(tmp_path)!r}, but no")
    assert "pip install ./python" in line


def test_the_library_is_none(tmp_path: Path) -> None:
    (tmp_path / "libechotts.so").write_text("not a library")
    assert "cannot be loaded" in importing(str(tmp_path))


def test_the_library_is_of_another_version(tmp_path: Path) -> None:
    source = tmp_path / "other.c"
    source.write_text('const char *echo_version(void); '
                      'const char *echo_version(void) { return "9.8.7"; }')
    library = tmp_path / "libechotts.so.0"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    assert f"is echotts 9.8.7, this package needs {echotts.__version__}" in importing(
        str(tmp_path))
    assert ctypes.CDLL(str(library)) is not None


def test_nothing_is_said_without_need(model: echotts.Model) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.say("Good morning. It is a fine day.", "joe")
    assert model.last and model.last.warnings == []
