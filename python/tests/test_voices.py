# SPDX-License-Identifier: MIT
"""Voices by name, path and sound; a library of them; files of sound."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import SMALL

import echotts

TEXT = "Good morning."


@pytest.fixture
def library(tmp_path: Path) -> echotts.Library:
    return echotts.Library(tmp_path / "voices")


@pytest.fixture(scope="module")
def joe() -> np.ndarray:
    return echotts.load(SMALL / "joe.wav")


def test_ways_to_name_a_voice(
    model: echotts.Model, joe: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = model.voice("joe")
    assert model.voice("joe") is named and model.voice(named) is named
    named.save(tmp_path / "latents.safetensors")
    ways = [model.voice(SMALL / "joe.wav"), model.voice(str(SMALL / "joe.wav")),
            model.voice((joe, echotts.SAMPLE_RATE)), model.voice(tmp_path / "latents.safetensors"),
            echotts.Voice.from_latent(named.latent), model.voice("JOE.wav")]
    for voice in ways:
        np.testing.assert_array_equal(voice.latent, named.latent)
    assert named.latent.shape[1] == model.info.latent_size
    expected = model.say(TEXT, "joe")
    np.testing.assert_array_equal(model.say(TEXT, ways[2]), expected)
    np.testing.assert_array_equal(model.say(TEXT, (joe, 44100)), expected)

    # a file that is called like a voice is told of, and one with an ending is meant
    monkeypatch.chdir(tmp_path)
    shutil.copy(SMALL / "deep.wav", "joe.wav")
    deep = model.voice("deep").latent
    np.testing.assert_array_equal(model.voice("joe.wav").latent, deep)
    shutil.copy(SMALL / "deep.wav", "joe")
    with pytest.warns(echotts.EchoWarning, match="joe is a voice of the model"):
        np.testing.assert_array_equal(model.voice("joe").latent, named.latent)


def test_sound_of_other_types_and_rates(model: echotts.Model, joe: np.ndarray) -> None:
    named = model.voice("joe").latent
    ints = np.round(joe * 32768).clip(-32768, 32767).astype(np.int16)
    np.testing.assert_allclose(model.voice((ints, 44100)).latent, named, atol=0.05)
    wide = np.repeat(joe, 2).astype(np.float64)[::2]
    np.testing.assert_array_equal(model.voice((wide, 44100)).latent, named)
    slower = model.voice((joe, 22050))
    assert len(slower.latent) == pytest.approx(2 * len(named), abs=4)


def test_names_that_are_no_voice(model: echotts.Model) -> None:
    with pytest.raises(echotts.FileError, match="did you mean 'joe'.*bright") as caught:
        model.voice("jo")
    assert caught.value.field == "voice" and caught.value.status == echotts.Status.FILE
    with pytest.raises(echotts.FileError, match="No such file"):
        model.voice("./joe")
    with pytest.raises(echotts.FileError):
        model.voice(Path("/nowhere/joe.wav"))


@pytest.mark.parametrize(
    ("sound", "error", "line"),
    [
        (np.zeros(44100, np.float32), echotts.ArgumentError, "silent"),
        (np.ones(100, np.float32), echotts.ArgumentError, "short"),
        (np.full(44100, np.nan, np.float32), echotts.ArgumentError, "finite|not a number"),
        (np.zeros((2, 44100), np.float32), echotts.ArgumentError, "mix its channels"),
        (np.zeros(44100, np.int64), TypeError, "int64"),
        (np.array(["a"]), TypeError, "floats or int16"),
    ],
)
def test_sound_that_is_no_voice(
    model: echotts.Model, sound: np.ndarray, error: type[Exception], line: str
) -> None:
    with pytest.raises(error, match=line):
        model.voice((sound, 44100))


def test_library(library: echotts.Library, joe: np.ndarray, tmp_path: Path) -> None:
    assert library.list() == [] and "anna" not in library
    info = library.add("Anna", SMALL / "joe.wav", consent="Anna, by mail", license="CC0")
    assert (info.name, info.consent, info.license, info.source) == (
        "Anna", "Anna, by mail", "CC0", "joe.wav")
    assert info.seconds == pytest.approx(len(joe) / 44100, abs=0.01) and not info.trouble
    assert "anna" in library and list(library) == ["Anna"]
    assert library.find("ANNA").checksum == info.checksum
    np.testing.assert_array_equal(library.clip("anna"), joe)

    with pytest.raises(echotts.ArgumentError) as caught:
        library.add("anna", SMALL / "deep.wav")
    assert caught.value.field == "replace"
    library.add("anna", (joe, 44100), replace=True, source="array")
    assert library.find("anna").source == "array"
    two = library.add("two", [SMALL / "joe.wav", SMALL / "deep.wav"])
    assert two.seconds > 2 * info.seconds
    half = library.add("half", (joe, 22050))
    assert half.seconds == pytest.approx(2 * info.seconds, abs=0.1)

    library.rename("anna", "Zoë")
    library.export("zoë", tmp_path / "zoe.voice")
    library.remove("zoë")
    with pytest.raises(echotts.ArgumentError) as caught:
        library.remove("zoë")
    assert caught.value.field == "voice"
    assert library.import_(tmp_path / "zoe.voice").name == "Zoë"
    assert library.import_(tmp_path / "zoe.voice", "other").name == "other"
    assert sorted(library) == ["Zoë", "half", "other", "two"]
    with pytest.raises(echotts.ArgumentError, match="slash|'a/b'"):
        library.add("a/b", SMALL / "joe.wav")
    with pytest.raises(echotts.FileError):
        library.add("c", tmp_path / "missing.wav")


def test_a_model_speaks_in_voices_of_a_library(library: echotts.Library) -> None:
    library.add("anna", SMALL / "deep.wav")
    with echotts.Model(device="cpu", precision="f32", voices=library) as model:
        assert model.voices[0] == "anna" and "joe" in model.voices
        np.testing.assert_array_equal(model.say(TEXT, "Anna"), model.say(TEXT, "deep"))
    with echotts.Model(device="cpu", precision="f32", voices=library.folder) as model:
        assert model.voices[0] == "anna"


def test_files(joe: np.ndarray, tmp_path: Path) -> None:
    echotts.save(tmp_path / "a.wav", joe, as_float=True)
    np.testing.assert_array_equal(echotts.load(tmp_path / "a.wav"), joe)
    assert len(echotts.load(tmp_path / "a.wav", max_seconds=1)) == 44100
    echotts.save(tmp_path / "b.wav", iter(np.array_split(joe, 7)), as_float=True)
    np.testing.assert_array_equal(echotts.load(tmp_path / "b.wav"), joe)
    for name in ("c.mp3", "c.flac", "c.opus", "c.ogg"):
        echotts.save(tmp_path / name, joe, tags={"title": "Joe", "text": "Grüße"})
        back = echotts.load(tmp_path / name)
        assert len(back) == pytest.approx(len(joe), abs=4000), name
        assert np.std(back) == pytest.approx(np.std(joe), rel=0.05), name
    assert "Grüße".encode() in (tmp_path / "c.flac").read_bytes()
    echotts.save(tmp_path / "d.wav", joe, speed=2, rate=16000)
    assert len(echotts.load(tmp_path / "d.wav")) == pytest.approx(len(joe) / 2, rel=0.02)
    assert {f.name for f in echotts.formats()} == {
        "wav", "pcm", "flac", "mp3", "ogg", "opus", "aac"}


def test_files_that_cannot_be(joe: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="'bitrat'; did you mean 'bitrate'"):
        echotts.save(tmp_path / "a.mp3", joe, bitrat=64)  # type: ignore[call-arg]
    with pytest.raises(echotts.ArgumentError) as caught:
        echotts.save(tmp_path / "a.mp3", joe, speed=9)
    assert caught.value.field == "speed"
    with pytest.raises(echotts.ArgumentError, match="finite|not a number"):
        echotts.save(tmp_path / "a.wav", np.array([0, np.inf, 0], np.float32))
    with pytest.raises(echotts.FileError):
        echotts.save(tmp_path / "none" / "a.wav", joe)
    with pytest.raises(ZeroDivisionError):
        echotts.save(tmp_path / "a.wav", (joe / 0 for _ in range(1 // 0)))
    with pytest.raises(echotts.FileError):
        echotts.load(tmp_path / "a.wav")
    assert list(tmp_path.iterdir()) == []
