# SPDX-License-Identifier: MIT
"""The functions of echotts.h that this package calls, with their types."""

import ctypes
from ctypes import (
    POINTER,
    byref,
    c_bool,
    c_char_p,
    c_double,
    c_float,
    c_int,
    c_size_t,
    c_void_p,
)
from typing import Any

from . import _types as t
from . import errors
from ._find import load

_HANDLE = POINTER(c_void_p)  # echo_model **, echo_session **, ...
_PCM = POINTER(POINTER(c_float))
_STRINGS = POINTER(c_char_p)
_ERROR = POINTER(t.Error)

# Name: what it returns, what it takes.  A handle, and sound that is passed in, is an address.
FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "echo_version": (c_char_p, []),
    "echo_model_open": (c_int, [_HANDLE, c_char_p, POINTER(t.ModelOpts), _ERROR]),
    "echo_model_close": (None, [_HANDLE]),
    "echo_model_describe": (t.ModelInfo, [c_void_p]),
    "echo_model_voice": (c_char_p, [c_void_p, c_int]),
    "echo_model_find_voice": (c_int, [c_void_p, c_char_p]),
    "echo_session_open": (c_int, [_HANDLE, c_void_p, _ERROR]),
    "echo_session_close": (None, [_HANDLE]),
    "echo_session_stats": (t.Stats, [c_void_p]),
    "echo_cancel": (None, [c_void_p]),
    "echo_voice_encode": (
        c_int,
        [_HANDLE, c_void_p, c_void_p, c_size_t, c_int, POINTER(t.EncodeOpts), _ERROR],
    ),
    "echo_voice_open": (c_int, [_HANDLE, c_void_p, c_char_p, POINTER(t.EncodeOpts), _ERROR]),
    "echo_voice_named": (c_int, [_HANDLE, c_void_p, c_char_p, POINTER(t.EncodeOpts), _ERROR]),
    "echo_voice_from_latent": (c_int, [_HANDLE, c_void_p, c_int, c_int, _ERROR]),
    "echo_voice_save": (c_int, [c_void_p, c_char_p, _ERROR]),
    "echo_voice_latent": (POINTER(c_float), [c_void_p, POINTER(c_int), POINTER(c_int)]),
    "echo_voice_close": (None, [_HANDLE]),
    "echo_library_open": (c_int, [_HANDLE, c_char_p, _ERROR]),
    "echo_library_close": (None, [_HANDLE]),
    "echo_library_folder": (c_char_p, [c_void_p]),
    "echo_library_list": (
        c_int,
        [c_void_p, POINTER(POINTER(t.VoiceInfo)), POINTER(c_int), _ERROR],
    ),
    "echo_library_list_free": (None, [POINTER(POINTER(t.VoiceInfo))]),
    "echo_library_find": (c_int, [c_void_p, c_char_p, POINTER(t.VoiceInfo), _ERROR]),
    "echo_library_add": (
        c_int,
        [c_void_p, c_char_p, _STRINGS, c_int, POINTER(t.LibraryOpts), POINTER(t.VoiceInfo),
         _ERROR],
    ),
    "echo_library_add_pcm": (
        c_int,
        [c_void_p, c_char_p, c_void_p, c_size_t, POINTER(t.LibraryOpts), POINTER(t.VoiceInfo),
         _ERROR],
    ),
    "echo_library_rename": (c_int, [c_void_p, c_char_p, c_char_p, _ERROR]),
    "echo_library_remove": (c_int, [c_void_p, c_char_p, _ERROR]),
    "echo_library_export": (c_int, [c_void_p, c_char_p, c_char_p, _ERROR]),
    "echo_library_import": (
        c_int,
        [c_void_p, c_char_p, c_char_p, POINTER(t.LibraryOpts), POINTER(t.VoiceInfo), _ERROR],
    ),
    "echo_library_clip": (c_int, [_PCM, POINTER(c_size_t), c_void_p, c_char_p, _ERROR]),
    "echo_library_voice": (
        c_int,
        [_HANDLE, c_void_p, c_void_p, c_char_p, POINTER(t.EncodeOpts), _ERROR],
    ),
    "echo_params_default": (t.Params, [c_void_p]),
    "echo_param_at": (POINTER(t.Param), [c_int]),
    "echo_preset_at": (POINTER(t.Preset), [c_int]),
    "echo_preset_named": (POINTER(t.Preset), [c_char_p]),
    "echo_preset_apply": (None, [POINTER(t.Preset), POINTER(t.Params)]),
    "echo_speak_opts_default": (t.SpeakOpts, []),
    "echo_speak_param_at": (POINTER(t.Param), [c_int]),
    "echo_script_open": (c_int, [_HANDLE, c_void_p, c_char_p, POINTER(t.SpeakOpts), _ERROR]),
    "echo_script_next": (c_bool, [c_void_p, POINTER(t.Piece)]),
    "echo_script_close": (None, [_HANDLE]),
    "echo_speak": (
        c_int,
        [c_void_p, c_char_p, c_void_p, POINTER(t.Params), POINTER(t.SpeakOpts),
         POINTER(t.SpeakSink), _ERROR],
    ),
    "echo_audio_read": (c_int, [_PCM, POINTER(c_size_t), c_char_p, c_double, _ERROR]),
    "echo_audio_free": (None, [_PCM]),
    "echo_format_at": (c_bool, [c_int, POINTER(t.Format)]),
    "echo_writer_open": (c_int, [_HANDLE, c_char_p, POINTER(t.WriterOpts), _ERROR]),
    "echo_writer_write": (c_int, [c_void_p, c_void_p, c_size_t, _ERROR]),
    "echo_writer_close": (c_int, [_HANDLE, _ERROR]),
    "echo_writer_abort": (None, [_HANDLE]),
}


def _bind() -> ctypes.CDLL:
    library = load()
    for name, (result, arguments) in FUNCTIONS.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
    return library


lib = _bind()


def call(function: Any, *arguments: Any) -> None:
    """Call what returns an echo_status; raise the EchoError that it tells of."""
    error = t.Error()
    if function(*arguments, byref(error)):
        raise errors.from_c(error)


def text(value: bytes | None) -> str:
    """A string of the library."""
    return (value or b"").decode(errors="replace")


def to_c(value: str, field: str) -> bytes:
    """A string for the library.  Raises ArgumentError if no C string can hold it."""
    if not isinstance(value, str):
        raise TypeError(f"{field} must be a str, not {type(value).__name__}")
    if "\0" in value:
        raise errors.ArgumentError(f"{field} has a NUL character in it: remove it", field=field)
    try:
        return value.encode()
    except UnicodeEncodeError as reason:
        raise errors.ArgumentError(
            f"{field} has half of a surrogate pair at {reason.start}, which is no character",
            field=field,
        ) from None
