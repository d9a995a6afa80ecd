# SPDX-License-Identifier: MIT
"""Whatever stops a call stops it soon, and leaves the model as it was."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

import echotts
from echotts.audio import Sound

ENDLESS = "And so it went on and on, and on. " * 40  # some minutes, with so many steps
STEPS = 1000
SOON = 2.0  # seconds; a step takes about 0.01


@pytest.fixture(scope="module")
def before(model: echotts.Model) -> Sound:
    return model.say("Good morning.", "joe", steps=2, strict=False)


@pytest.fixture(autouse=True)
def still_works(model: echotts.Model, before: Sound) -> Iterator[None]:
    """After each test the model says what it always says."""
    yield
    after = model.say("Good morning.", "joe", steps=2, strict=False)
    np.testing.assert_array_equal(before, after)


def test_progress_returns_false(model: echotts.Model) -> None:
    seen = []

    def third(progress: echotts.Progress) -> bool:
        seen.append(progress.done)
        return len(seen) < 3

    began = time.monotonic()
    with pytest.raises(echotts.CancelledError) as caught:
        model.say(ENDLESS, "joe", steps=STEPS, on_progress=third)
    assert time.monotonic() - began < SOON
    assert caught.value.status == echotts.Status.CANCELLED


def test_progress_raises(model: echotts.Model) -> None:
    def fail(_: echotts.Progress) -> None:
        raise LookupError("mine")

    began = time.monotonic()
    with pytest.raises(LookupError, match="mine"):
        model.say(ENDLESS, "joe", steps=STEPS, on_progress=fail)
    assert time.monotonic() - began < SOON


def test_ctrl_c(model: echotts.Model) -> None:
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    began = time.monotonic()
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        model.say(ENDLESS, "joe", steps=STEPS)
    assert 0.4 < time.monotonic() - began < 0.5 + SOON


def test_ctrl_c_in_a_stream(model: echotts.Model) -> None:
    stream = model.stream(ENDLESS, "joe", steps=STEPS)
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        list(stream)
    assert not stream._job._thread.is_alive()


def test_closing_a_stream(model: echotts.Model) -> None:
    stream = model.stream(ENDLESS, "joe", steps=20)
    next(stream)
    began = time.monotonic()
    stream.close()
    assert time.monotonic() - began < SOON
    assert not stream._job._thread.is_alive()
    assert list(stream) == []
    stream.close()


def test_forgetting_a_stream(model: echotts.Model) -> None:
    stream = model.stream(ENDLESS, "joe", steps=STEPS)
    thread = stream._job._thread
    del stream
    thread.join(SOON)
    assert not thread.is_alive()


def test_a_warning_that_is_an_error(model: echotts.Model) -> None:
    """As `python -W error` has it: here all are."""
    noise = np.random.default_rng(0).normal(0, 0.001, 44100).astype(np.float32)
    with pytest.raises(echotts.EchoWarning, match="very quiet"):
        model.voice((noise, 44100))


def test_closing_the_model_ends_what_runs() -> None:
    model = echotts.Model(device="cpu", precision="f32")
    errors: list[BaseException] = []

    def speak() -> None:
        try:
            model.say(ENDLESS, "joe", steps=STEPS)
        except echotts.EchoError as reason:
            errors.append(reason)

    thread = threading.Thread(target=speak)
    thread.start()
    time.sleep(0.5)
    model.close()
    thread.join(SOON)
    assert not thread.is_alive()
    assert [type(reason) for reason in errors] == [echotts.CancelledError]
    with pytest.raises(ValueError, match="closed"):
        model.say("Hello.")
    model.close()


def test_the_program_ends_with_a_stream_open() -> None:
    code = ("import echotts\n"
            "m = echotts.Model(device='cpu', precision='f32')\n"
            f"s = m.stream({ENDLESS!r}, 'joe', steps=1)\n"
            f"r = m.stream({ENDLESS!r}, 'joe', steps={STEPS})\n"
            "print(len(next(s)) > 0)\n")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          timeout=20)
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")
