# SPDX-License-Identifier: MIT
"""Threads that share a model; memory that comes back."""

import ctypes
import gc
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from conftest import SMALL

import echotts
from echotts._job import Job
from echotts.audio import Sound


def test_threads_get_the_same_samples(model: echotts.Model) -> None:
    texts = [f"This is sentence number {i}." for i in range(6)]

    def say(text: str) -> tuple[Sound, echotts.Report | None]:
        return model.say(text, "joe", steps=3, retakes=0), model.last

    alone = [say(text)[0] for text in texts]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(say, texts))
    for one, (other, report), text in zip(alone, together, texts, strict=True):
        np.testing.assert_array_equal(one, other)
        assert report is not None and report.pieces[0].text != texts[0] or text == texts[0]


def test_python_goes_on_meanwhile(model: echotts.Model) -> None:
    """The library computes without the interpreter's lock."""
    longest, last, done = 0.0, time.monotonic(), False

    def tick() -> None:
        nonlocal longest, last
        while not done:
            time.sleep(0.005)
            now = time.monotonic()
            longest, last = max(longest, now - last), now

    thread = threading.Thread(target=tick)
    thread.start()
    began = time.monotonic()
    model.say("One two three four five six seven eight nine ten.", "joe", steps=50)
    took = time.monotonic() - began
    done = True
    thread.join()
    assert took > 0.3 and longest < took / 2


def test_two_streams_at_once(model: echotts.Model) -> None:
    text = "Two streams are read in turn."
    whole = np.concatenate(list(model.stream(text, "joe", block_sizes=[8] * 6, steps=4)))
    one = model.stream(text, "joe", block_sizes=[8] * 6, steps=4)
    two = model.stream(text, "joe", block_sizes=[8] * 6, steps=4)
    parts: list[list[Sound]] = [[], []]
    for a, b in zip(one, two, strict=True):
        parts[0].append(a)
        parts[1].append(b)
    for half in parts:
        np.testing.assert_array_equal(np.concatenate(half), whole)


class MallInfo(ctypes.Structure):
    """mallinfo2() of glibc: what is allocated, in all arenas."""

    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks",
        "fordblks", "keepcost")]


def allocated() -> int:
    """Bytes.  Resident memory would count what the allocator keeps for later, too."""
    mallinfo = ctypes.CDLL(None).mallinfo2
    mallinfo.restype = MallInfo
    gc.collect()
    now = mallinfo()
    return int(now.uordblks + now.hblkhd)


@pytest.mark.filterwarnings("ignore::echotts.EchoWarning")
def test_memory_comes_back() -> None:
    clip = echotts.load(SMALL / "joe.wav", max_seconds=1)
    latent = np.zeros((6400, 80), np.float32)

    def use() -> None:
        with echotts.Model(device="cpu", precision="f32") as model:
            voice = model.voice((clip, 44100))
            model.say("Hello.", voice, steps=1, retakes=0, frames=24)
            next(model.stream("Hello there.", voice, steps=1))
            model.pieces("Hello. " * 50)
            with pytest.raises(echotts.EchoError):
                model.say("")
        opened = echotts.Model(device="cpu", precision="f32")
        del opened
        echotts.Voice.from_latent(latent)
        echotts.Library().list()

    for _ in range(2):
        use()
    before, threads = allocated(), threading.active_count()
    for _ in range(4):
        use()
    grown = allocated() - before
    assert threading.active_count() == threads
    # a session that stays open has 10 MB of its own, that voice 2
    assert grown < 1e6, f"{grown / 1e6:.2f} MB in 4 rounds"


def test_abandoned_streams_leave_nothing(model: echotts.Model) -> None:
    for _ in range(5):
        stream = model.stream("Hello there. How are you?", "joe", steps=1)
        thread = stream._job._thread
        del stream
        thread.join()
    with pytest.raises(echotts.EchoError):
        model.say("")
    gc.collect()
    left = [one for one in gc.get_objects() if isinstance(one, Job)]
    assert left == [] and not model._jobs
