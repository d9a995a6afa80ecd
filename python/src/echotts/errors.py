# SPDX-License-Identifier: MIT
"""Failures, as exceptions."""

from enum import IntEnum

from . import _types


class Status(IntEnum):
    """Kinds of errors, as the library numbers them."""

    ARG = _types.ERR_ARG
    MEMORY = _types.ERR_MEMORY
    FILE = _types.ERR_FILE
    DEVICE = _types.ERR_DEVICE
    CANCELLED = _types.ERR_CANCELLED
    MODEL = _types.ERR_MODEL
    SPEECH = _types.ERR_SPEECH
    NOTHING = _types.ERR_NOTHING


class EchoWarning(UserWarning):
    """The result may not be what was asked for; the line says why."""


class EchoError(Exception):
    """A call of the library failed.  Its text is one line: what is wrong, what to do.

    status: the kind of the error.
    field: the argument at fault ("text", "num_steps"), "" if there is none.
    """

    status: Status

    def __init__(self, text: str, *, field: str = "") -> None:
        super().__init__(text)
        self.field = field


class ArgumentError(EchoError, ValueError):
    """An argument is impossible; `field` names it."""

    status = Status.ARG


class OutOfMemoryError(EchoError, MemoryError):
    """There is not enough memory for the job."""

    status = Status.MEMORY


class FileError(EchoError):
    """A file is missing, unreadable, of the wrong kind, or cannot be written."""

    status = Status.FILE


class DeviceError(EchoError):
    """There is no such device, or it failed while working."""

    status = Status.DEVICE


class CancelledError(EchoError):
    """The call was stopped: on_progress returned False, or the model was closed."""

    status = Status.CANCELLED


class ModelError(EchoError):
    """A file of the model is missing, unreadable or damaged."""

    status = Status.MODEL


class SpeechError(EchoError):
    """With strict=True: what was said may not be all of the text."""

    status = Status.SPEECH


class NothingToSayError(EchoError, ValueError):
    """The text has no letter or digit that would be spoken."""

    status = Status.NOTHING


_CLASSES: dict[int, type[EchoError]] = {
    kind.status: kind
    for kind in (ArgumentError, OutOfMemoryError, FileError, DeviceError, CancelledError,
                 ModelError, SpeechError, NothingToSayError)
}


def from_c(error: _types.Error) -> EchoError:
    """The exception that says what `error` says."""
    text = error.text.decode(errors="replace")
    return _CLASSES[error.status](text, field=error.field.decode(errors="replace"))
