# SPDX-License-Identifier: MIT
"""Text to speech with Echo-TTS.

    import echotts

    with echotts.Model() as model:
        echotts.save("hello.mp3", model.say("Hello there.", "joe"))

Sound is float32, mono at SAMPLE_RATE, nominally -1 to 1.
"""

from . import _types
from ._version import __version__
from .audio import Format, WriterOptions, formats, load, save
from .errors import (
    ArgumentError,
    CancelledError,
    DeviceError,
    EchoError,
    EchoWarning,
    FileError,
    ModelError,
    NothingToSayError,
    OutOfMemoryError,
    SpeechError,
    Status,
)
from .model import Model, Stream
from .parameters import Options, Parameter, Preset, parameters, presets
from .speech import ModelInfo, Piece, Progress, Report, Stats
from .voices import Library, Voice, VoiceInfo

SAMPLE_RATE: int = _types.SAMPLE_RATE  # Hz

__all__ = [
    "SAMPLE_RATE", "ArgumentError", "CancelledError", "DeviceError", "EchoError", "EchoWarning",
    "FileError", "Format", "Library", "Model", "ModelError", "ModelInfo", "NothingToSayError",
    "Options", "OutOfMemoryError", "Parameter", "Piece", "Preset", "Progress", "Report",
    "SpeechError", "Stats", "Status", "Stream", "Voice", "VoiceInfo", "WriterOptions", "__version__",
    "formats", "load", "parameters", "presets", "save",
]
