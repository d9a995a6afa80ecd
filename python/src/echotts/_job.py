# SPDX-License-Identifier: MIT
"""A call of the library in a thread of its own.

The caller waits for messages, so Ctrl-C and other signals reach it at once, and its callbacks
run in its own thread.
"""

import atexit
import logging
import sys
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import _types as t
from .errors import EchoError, EchoWarning

log = logging.getLogger("echotts")

_PACKAGE = str(Path(__file__).parent)
_running: "set[Job]" = set()
_current = threading.local()


class LogLine(NamedTuple):
    """Something that the library says of a call."""

    level: int
    line: str


class Job:
    """work(job), in a thread; cancel() makes it return soon.

    room: how many samples of sound may wait for the caller; None: any number.
    """

    def __init__(
        self,
        work: Callable[["Job"], None],
        cancel: Callable[[], None] = lambda: None,
        room: int | None = None,
    ) -> None:
        self.stopped = False
        self._work: Callable[[Job], None] | None = work
        self._cancel = cancel
        self._room = room
        self._waiting = 0  # samples in _messages
        self._messages: deque[object] = deque()
        self._failure: BaseException | None = None
        self._ended = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="echotts", daemon=True)

    # ---- the thread ----

    def _run(self) -> None:
        _current.job = self
        work, self._work = self._work, None
        failure: BaseException | None = None
        try:
            assert work is not None
            work(self)
        except EchoError as reason:  # the caller raises it; frames here would keep the job alive
            failure = reason.with_traceback(None)
        except BaseException as reason:
            failure = reason
        del work  # and with it what it keeps alive
        _current.job = None
        with self._changed:
            self._failure = self._failure or failure
            self._ended = True
            self._changed.notify_all()
        _running.discard(self)

    def tell(self, message: object) -> bool:
        """Send a message to the caller; false: it wants no more."""
        samples = len(message) if isinstance(message, np.ndarray) else 0
        with self._changed:
            while samples and self._is_full() and not self.stopped:
                self._changed.wait()
            self._waiting += samples
            self._messages.append(message)
            self._changed.notify_all()
            return not self.stopped

    def _is_full(self) -> bool:
        return self._room is not None and self._waiting >= self._room

    def guard(self, callback: Callable[..., Any], stop: object = False) -> Callable[..., Any]:
        """The callback; what it raises ends the job, and is raised by the caller."""

        def guarded(*arguments: Any) -> Any:
            try:
                return callback(*arguments)
            except BaseException as reason:
                self._failure = self._failure or reason
                self.stop()
                return stop

        return guarded

    def logger(self) -> Any:
        """A callback that sends the library's lines to the caller."""

        def tell_line(_user: object, level: int, line: bytes) -> None:
            self.tell(LogLine(level, line.decode(errors="replace")))

        return t.LOGGER(self.guard(tell_line, None))

    # ---- the caller ----

    def start(self) -> None:
        """Begin.  Whoever made the job waits for it, or stops it."""
        _running.add(self)
        self._thread.start()

    def messages(self) -> Iterator[object]:
        """What the thread sends, to its end; then raises the error that ended it."""
        while True:
            with self._changed:
                while not self._messages and not self._ended:
                    self._changed.wait()
                if not self._messages:
                    break
                message = self._messages.popleft()
                if isinstance(message, np.ndarray):
                    self._waiting -= len(message)
                    self._changed.notify_all()
            yield message
        self._thread.join()
        failure, self._failure = self._failure, None
        if failure:
            try:
                raise failure
            finally:
                del failure  # whose frames have it

    def stop(self) -> None:
        """Ask the thread to end.  From any thread, at any time."""
        with self._changed:
            self.stopped = True
            self._changed.notify_all()
        self._cancel()

    def wait(self) -> None:
        """Until the thread has ended."""
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join()


def logger_of_model() -> Any:
    """A callback for lines that belong to no call: the running job gets them, else logging."""

    def tell_line(_user: object, level: int, line: bytes) -> None:
        job: Job | None = getattr(_current, "job", None)
        message = LogLine(level, line.decode(errors="replace"))
        if job is not None:
            job.tell(message)
        elif message.level == t.LOG_WARNING:
            log.warning("%s", message.line)
        else:
            log.info("%s", message.line)

    return t.LOGGER(tell_line)


def pass_on(message: LogLine) -> None:
    """A warning of the library becomes one of Python, at the line that called this package."""
    if message.level != t.LOG_WARNING:
        log.info("%s", message.line)
        return
    level = 1
    frame = sys._getframe()
    while frame.f_back and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
        level += 1
    warnings.warn(message.line, EchoWarning, stacklevel=level)


def run(
    work: Callable[[Job], None],
    cancel: Callable[[], None] = lambda: None,
    told: Callable[[Any], object] = lambda message: None,
) -> None:
    """Do work(job) in a thread, and wait for it.

    told() gets its messages, in this thread; False ends the work.
    """
    attend(Job(work, cancel), told)


def attend(job: Job, told: Callable[[Any], object] = lambda message: None) -> None:
    """Start a job and wait for its end; told() gets its messages."""
    try:
        job.start()
        for message in job.messages():
            if isinstance(message, LogLine):
                pass_on(message)
            elif told(message) is False:
                job.stop()
    except BaseException:
        job.stop()
        job.wait()
        raise


@atexit.register
def _end_all() -> None:
    """No thread may be inside the library when the interpreter goes."""
    for job in list(_running):
        job.stop()
    for job in list(_running):
        job.wait()
