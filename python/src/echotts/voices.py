# SPDX-License-Identifier: MIT
"""Voices: encoded audio, and a library that keeps clips by name."""

import os
import weakref
from collections.abc import Callable, Iterator, Sequence
from ctypes import POINTER, byref, c_int, c_size_t, c_void_p
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _types as t
from ._calls import call, lib, text, to_c
from ._job import Job, run
from .audio import Sound, as_samples, fs_path, paths_to_c, resample, take
from .errors import ArgumentError

Path = str | os.PathLike[str]

class Voice:
    """A voice as a model hears it.  It is immutable; any threads and models of the same codec
    may share it.  Model.voice() makes one.

    name: what it was made of, "" if that has no name.
    """

    def __init__(self, handle: c_void_p, name: str = "") -> None:
        """Takes a handle of the library, which it closes: see Model.voice()."""
        self.name = name
        self._handle = handle
        close = weakref.finalize(self, lib.echo_voice_close, byref(handle))
        close.atexit = False

    def __repr__(self) -> str:
        return f"<echotts.Voice {self.name!r}, {len(self.latent)} frames>"

    @classmethod
    def from_latent(cls, latent: NDArray[Any], name: str = "") -> "Voice":
        """A voice of latents, shape (frames, size), which are copied."""
        array = np.ascontiguousarray(latent, np.float32)
        if array.ndim != 2:
            raise ArgumentError(f"the latents have shape {array.shape}, expected (frames, size)",
                                field="latent")
        out = c_void_p()
        frames, size = array.shape
        call(lib.echo_voice_from_latent, byref(out), array.ctypes.data, frames, size)
        return cls(out, name)

    @property
    def latent(self) -> NDArray[np.float32]:
        """A copy of its latents, shape (frames, size)."""
        frames, size = c_int(), c_int()
        at = lib.echo_voice_latent(self._handle, byref(frames), byref(size))
        return np.ctypeslib.as_array(at, (frames.value, size.value)).copy()

    def save(self, path: Path) -> None:
        """Write a safetensors file, which Model.voice() reads.  Raises FileError."""
        call(lib.echo_voice_save, self._handle, fs_path(path))


@dataclass(frozen=True)
class VoiceInfo:
    """A voice of a library.

    consent: who agreed to what; license; source: names of the files it was made of.
    added: when, "2026-11-27T01:41:46Z"; checksum: of everything in its file.
    codec: of latents, the codec that they are for; seconds: of its clip; bytes: of its file.
    latents: it has no clip.  trouble: why its file cannot be used; "": it can.
    """

    name: str
    consent: str
    license: str
    source: str
    added: str
    checksum: str
    codec: str
    trouble: str
    seconds: float
    bytes: int
    latents: bool


def _info_of(row: t.VoiceInfo) -> VoiceInfo:
    values: dict[str, Any] = {}
    for name in VoiceInfo.__annotations__:
        value = getattr(row, name)
        values[name] = text(value) if isinstance(value, bytes) else value
    return VoiceInfo(**values)


class Library:
    """A folder of voices by name.  Threads and processes may share it.

    folder: None: $ECHOTTS_VOICES, else $XDG_DATA_HOME/echotts/voices.  It need not be there:
        the first voice makes it.

    Names are printable, of 1 to 64 letters, without slashes; case does not matter.  All calls
    raise ArgumentError for a name that is unknown or impossible, and FileError for a file.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._handle = c_void_p()
        call(lib.echo_library_open, byref(self._handle),
             None if folder is None else fs_path(folder, "folder"))
        close = weakref.finalize(self, lib.echo_library_close, byref(self._handle))
        close.atexit = False

    def __repr__(self) -> str:
        return f"<echotts.Library {self.folder!r}>"

    @property
    def folder(self) -> str:
        """Where it is; "" if there is no home."""
        return os.fsdecode(lib.echo_library_folder(self._handle) or b"")

    def list(self) -> list[VoiceInfo]:
        """The voices as they are now, by name; also those whose files cannot be used."""
        rows = POINTER(t.VoiceInfo)()
        n = c_int()
        call(lib.echo_library_list, self._handle, byref(rows), byref(n))
        try:
            return [_info_of(rows[i]) for i in range(n.value)]
        finally:
            lib.echo_library_list_free(byref(rows))

    def __iter__(self) -> Iterator[str]:
        """The names of the voices that can be used."""
        return iter([voice.name for voice in self.list() if not voice.trouble])

    def find(self, name: str) -> VoiceInfo:
        """The voice of this name."""
        out = t.VoiceInfo()
        call(lib.echo_library_find, self._handle, to_c(name, "voice"), byref(out))
        return _info_of(out)

    def __contains__(self, name: object) -> bool:
        try:
            self.find(str(name))
        except ArgumentError:
            return False
        return True

    def add(
        self,
        name: str,
        clips: Path | Sequence[Path] | tuple[NDArray[Any], int],
        *,
        consent: str = "",
        license: str = "",
        source: str | None = None,
        replace: bool = False,
        trim: bool = False,
        lift: bool = False,
    ) -> VoiceInfo:
        """Add a voice; what is found in its clips is an EchoWarning.

        clips: one recording or several, which are joined (a folder stands for its files); a
            file of latents; or (samples, rate), mono.
        consent, license: notes on whose voice it is; source: None: the names of the files.
        replace: a voice of this name.
        trim: cut silence at the ends of each clip; lift: raise quiet ones.
        """
        opts = t.LibraryOpts(
            to_c(consent, "consent"), to_c(license, "license"),
            None if source is None else to_c(source, "source"), replace, trim, lift)
        key = to_c(name, "name")
        if isinstance(clips, tuple) and len(clips) == 2 and isinstance(clips[0], np.ndarray):
            pcm = resample(*clips)
            return self._adding(
                opts, lib.echo_library_add_pcm, key, pcm.ctypes.data, len(pcm), kept=pcm)
        several = [clips] if isinstance(clips, (str, os.PathLike)) else clips
        paths = [fs_path(path, "clips") for path in several]
        return self._adding(opts, lib.echo_library_add, key, paths_to_c(paths), len(paths))

    def import_(self, path: Path, name: str | None = None, *, replace: bool = False) -> VoiceInfo:
        """Make a voice of a file that export() wrote; its notes stay.

        name: None: its own.
        """
        key = None if name is None else to_c(name, "name")
        return self._adding(
            t.LibraryOpts(replace=replace), lib.echo_library_import, fs_path(path), key)

    def _adding(
        self, opts: t.LibraryOpts, function: Any, *arguments: Any, kept: Any = None
    ) -> VoiceInfo:
        added = t.VoiceInfo()

        def work(job: Job) -> None:
            opts.log = job.logger()
            call(function, self._handle, *arguments, byref(opts), byref(added))

        run(work)
        del kept  # sound, whose address was passed
        return _info_of(added)

    def rename(self, name: str, to: str) -> None:
        """Give a voice another name."""
        call(lib.echo_library_rename, self._handle, to_c(name, "voice"), to_c(to, "name"))

    def remove(self, name: str) -> None:
        """Remove a voice, and what was encoded of it."""
        call(lib.echo_library_remove, self._handle, to_c(name, "voice"))

    def export(self, name: str, path: Path) -> None:
        """Write a verified copy of a voice, with all notes, into a file of its own."""
        call(lib.echo_library_export, self._handle, to_c(name, "voice"), fs_path(path))

    def clip(self, name: str) -> Sound:
        """The clip of a voice: float32, shape (samples,), at 44,100 Hz.

        Raises ArgumentError with field "latents" if it has none.
        """
        return take(lib.echo_library_clip, self._handle, to_c(name, "voice"))


# A voice, as Model.voice() takes it.
AnyVoice = Voice | Path | tuple[NDArray[Any], int]

# ---- making voices: open(session, name or path or sound) for the model ----

Opening = Callable[[Any, c_void_p, Any], None]  # out, session, encode opts


def of_sound(audio: NDArray[Any], rate: int) -> Opening:
    """Encodes an array."""
    samples = as_samples(audio)
    return lambda out, session, opts: call(
        lib.echo_voice_encode, out, session, samples.ctypes.data, c_size_t(len(samples)), rate,
        opts)


def of_file(path: Path) -> Opening:
    """Encodes a clip, or loads latents."""
    name = fs_path(path, "voice")
    return lambda out, session, opts: call(lib.echo_voice_open, out, session, name, opts)


def of_model(name: bytes) -> Opening:
    """Encodes a voice of the model."""
    return lambda out, session, opts: call(lib.echo_voice_named, out, session, name, opts)


def of_library(library: Library, name: bytes) -> Opening:
    """Takes a voice of a library, encoded if it is not yet."""
    return lambda out, session, opts: call(
        lib.echo_library_voice, out, library._handle, session, name, opts)
