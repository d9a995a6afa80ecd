# SPDX-License-Identifier: MIT
"""Sound: arrays of float32, mono at 44,100 Hz, nominally -1 to 1; and files of it."""

import ctypes
import os
import struct
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from ctypes import POINTER, byref, c_char_p, c_float, c_size_t, c_void_p
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray

from . import _types as t
from ._calls import call, lib, text, to_c
from ._numbers import as_bool, as_float, as_int, check_names
from .errors import ArgumentError

Sound = NDArray[np.float32]

_PART = 10 * t.SAMPLE_RATE  # that is written at once: between parts, Ctrl-C is heard


@dataclass(frozen=True)
class Format:
    """A format that sound is written in.

    name: "mp3"; ending: of its files, without the dot; mime: "audio/mpeg"; title: "MP3".
    lossy: it has a bitrate or a quality.
    available: the libsndfile at hand can encode it.
    """

    name: str
    ending: str
    mime: str
    title: str
    lossy: bool
    available: bool


class WriterOptions(TypedDict, total=False):
    """How a file is written.  What is not given stays as the library has it.

    format: "wav", "pcm", "flac", "mp3", "ogg", "opus"; default: by the path's ending.
    rate: Hz, 8,000 to 48,000; default 44,100, for Opus 48,000.
    as_float: samples of wav and pcm in 32-bit float instead of 16-bit.
    bitrate: kbit/s of mp3, ogg, opus.
    quality: of mp3, ogg, opus: above 0, the smallest, to 1, the best.
    loudness: LUFS that the whole is brought to, -40 to -5.
    true_peak: dB of full scale, -20 to 0, that is not passed then.
    speed: 0.25 to 4; the pitch stays.
    tags: title, artist, album, date, genre, comment, copyright, license, software, text.
    """

    format: str
    rate: int
    as_float: bool
    bitrate: int
    quality: float
    loudness: float
    true_peak: float
    speed: float
    tags: Mapping[str, str]


_CONVERT: dict[str, Any] = {
    "format": lambda value: to_c(value, "format"),
    "rate": lambda value: as_int("rate", value),
    "as_float": lambda value: as_bool("as_float", value),
    "bitrate": lambda value: as_int("bitrate", value),
    "quality": lambda value: as_float("quality", value),
    "loudness": lambda value: as_float("loudness", value),
    "true_peak": lambda value: as_float("true_peak", value),
    "speed": lambda value: as_float("speed", value),
}


def formats() -> list[Format]:
    """The formats that save() knows."""
    out: list[Format] = []
    row = t.Format()
    while lib.echo_format_at(len(out), byref(row)):
        names = (text(row.name), text(row.ending), text(row.mime), text(row.title))
        out.append(Format(*names, row.lossy, row.available))
    return out


# ---- arrays ----


def as_samples(audio: Any) -> Sound:
    """A contiguous float32 array, shape (samples,).

    Floats are taken as they are; int16 and int32 are scaled to -1 to 1.  Raises TypeError for
    other types, and ArgumentError for other shapes: mix channels first.
    """
    array = np.asarray(audio)
    if array.ndim != 1:
        raise ArgumentError(
            f"the sound has shape {array.shape}, expected (samples,): mix its channels to one",
            field="audio",
        )
    if array.dtype in (np.int16, np.int32):
        scale = -float(np.iinfo(array.dtype).min)
        array = array.astype(np.float64) / scale
    elif not np.issubdtype(array.dtype, np.floating):
        raise TypeError(f"sound must be an array of floats or int16, not {array.dtype}")
    return np.ascontiguousarray(array, np.float32)


def copy(address: int, n: int) -> Sound:
    """Sound that the library lends."""
    out = np.empty(n, np.float32)
    if n:
        ctypes.memmove(out.ctypes.data, address, out.nbytes)
    return out


def take(function: Any, *arguments: Any) -> Sound:
    """Sound that a function of the library gives as *pcm, *n."""
    pcm = POINTER(c_float)()
    n = c_size_t()
    call(function, byref(pcm), byref(n), *arguments)
    try:
        return copy(ctypes.cast(pcm, c_void_p).value or 0, n.value)
    finally:
        lib.echo_audio_free(byref(pcm))


def resample(audio: Any, rate: int) -> Sound:
    """The sound at 44,100 Hz, as the library resamples files."""
    samples = as_samples(audio)
    if as_int("rate", rate) == t.SAMPLE_RATE:
        return samples
    if not 1000 <= rate <= 384000:
        raise ArgumentError(f"rate is {rate}, expected 1000 to 384000 Hz", field="rate")
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + samples.nbytes, b"WAVE", b"fmt ", 16, 3, 1, rate,
        4 * rate, 4, 32, b"data", samples.nbytes)
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        file.write(header + samples.astype("<f4").tobytes())
        file.flush()
        return load(file.name)


# ---- files ----


def load(path: str | os.PathLike[str], *, max_seconds: float = 0) -> Sound:
    """Read a sound file of any usual kind, mixed to mono and resampled to 44,100 Hz.

    path: a file, a pipe, or "-" for standard input.
    max_seconds: read so much at most; 0: all.

    Returns float32, shape (samples,).  Raises FileError.
    """
    seconds = as_float("max_seconds", max_seconds)
    return take(lib.echo_audio_read, fs_path(path), seconds)


def fs_path(path: str | os.PathLike[str], field: str = "path") -> bytes:
    """A path for the library."""
    name = os.fsencode(path)
    if b"\0" in name:
        raise ArgumentError(f"{field} has a NUL character in it: remove it", field=field)
    return name


def _parts(audio: Any) -> Iterator[Sound]:
    if isinstance(audio, np.ndarray):
        samples = as_samples(audio)
        for i in range(0, len(samples), _PART):
            yield samples[i : i + _PART]
    else:
        for chunk in audio:
            yield from _parts(np.asarray(chunk))


def writer_opts(options: Mapping[str, Any], caller: str) -> t.WriterOpts:
    """The struct of these options, which keeps alive what it points to."""
    check_names(options, WriterOptions.__annotations__, caller)
    opts = t.WriterOpts()
    for name, value in options.items():
        if name in _CONVERT:
            setattr(opts, name, _CONVERT[name](value))
    tags = [t.Tag(to_c(name, "tags"), to_c(value, "tags"))
            for name, value in (options.get("tags") or {}).items()]
    opts.n_tags = len(tags)
    opts.tags = (t.Tag * len(tags))(*tags)
    return opts


def save(
    path: str | os.PathLike[str],
    audio: NDArray[Any] | Iterable[NDArray[Any]],
    **options: Unpack[WriterOptions],
) -> None:
    """Write sound to a file; the ending of `path` says the format.

    path: "talk.mp3"; "-" is standard output.
    audio: shape (samples,) at 44,100 Hz; or an iterable of such arrays, as Model.stream()
        makes, so that memory does not grow with the sound.
    options: see WriterOptions.

    The file appears whole or not at all.  Raises ArgumentError (an option is out of its range,
    a sample is not finite), FileError (it cannot be written), TypeError (no such option).
    """
    opts = writer_opts(options, "save")
    writer = c_void_p()
    call(lib.echo_writer_open, byref(writer), fs_path(path), byref(opts))
    try:
        for part in _parts(audio):
            call(lib.echo_writer_write, writer, part.ctypes.data, len(part))
        call(lib.echo_writer_close, byref(writer))
    finally:
        lib.echo_writer_abort(byref(writer))


def paths_to_c(paths: list[bytes]) -> Any:
    """An array of strings for the library."""
    return (c_char_p * len(paths))(*paths)
