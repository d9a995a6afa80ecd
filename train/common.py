# SPDX-License-Identifier: MIT
"""What the processes share: where things lie, the clock, chunks of the corpus, checkpoints, logs."""
import argparse
import math
import os
import sys
import time

import numpy as np
import torch
import torch._dynamo

HOP, RATE, MELS, TOP, SIZE = 2048, 44100, 80, 11000.0, 80
HERE = os.path.dirname(os.path.abspath(__file__))
CUDA = torch.cuda.is_available()
DEVICE = torch.device("cuda" if CUDA else "cpu")


def arguments(**extra):
    p = argparse.ArgumentParser()
    p.add_argument("--work", required=True)
    p.add_argument("--out", required=True)
    p.add_argument("--begin", type=float, default=time.time(), help="when the clock began")
    p.add_argument("--seconds", type=float, default=60.0, help="when all must be written, after the beginning")
    p.add_argument("--start", default="", help="a folder with what an earlier run left, to go on from")
    p.add_argument("--tiny", action="store_true", help="a rehearsal on a CPU")
    for name, (value, text) in extra.items():
        p.add_argument("--" + name, type=type(value), default=value, help=f"{text} ({value})")
    a = p.parse_args()
    if CUDA:
        torch.set_float32_matmul_precision("high")
        torch.backends.cudnn.benchmark = True
    else:
        torch.set_num_threads(1)
    torch.manual_seed(1)
    for name in ("cache_size_limit", "recompile_limit", "accumulated_cache_size_limit", "accumulated_recompile_limit"):
        try:
            setattr(torch._dynamo.config, name, 256)
        except Exception:       # noqa: BLE001
            pass
    return a


class Clock:
    def __init__(self, a, reserve=4.0, stop=1.0):
        self.begin, self.end = a.begin, a.begin + a.seconds * stop - reserve
        self.first = None

    def now(self):
        return time.time() - self.begin

    def start(self):
        self.first = time.time()

    def done(self):
        """0 to 1 of the training time."""
        return min(1.0, (time.time() - self.first) / max(1.0, self.end - self.first))

    def over(self):
        return time.time() >= self.end


class Log:
    def __init__(self, a, name, clock):
        self.f, self.clock = open(os.path.join(a.work, name + ".log"), "a", encoding="utf-8"), clock

    def __call__(self, *words):
        line = f"{self.clock.now():6.1f} " + " ".join(str(w) for w in words)
        print(line, flush=True)
        print(line, file=self.f, flush=True)


def rate(step, done, peak, warm, floor=0.02, flat=0.0):
    """Warm up by steps, cosine by clock."""
    fall = 1.0 if done < flat else (1 + math.cos(math.pi * (done - flat) / (1 - flat))) / 2
    return peak * min(1.0, (step + 1) / warm) * (floor + (1 - floor) * fall)


def save(value, path):
    torch.save(value, path + ".tmp")
    os.replace(path + ".tmp", path)


def compiled(f, name="", **kw):
    """torch.compile where it works, else the function itself; the first call decides."""
    if os.environ.get("VOICE_COMPILE", "1") == "0" or not (CUDA or os.environ.get("VOICE_COMPILE") == "force"):
        return f
    state = {"f": torch.compile(f, dynamic=True, **kw), "tried": False}

    def call(*args):
        if state["tried"]:
            return state["f"](*args)
        try:
            out = state["f"](*args)
        except Exception as e:      # noqa: BLE001
            print(f"compile of {name or f.__name__} failed: {type(e).__name__} {str(e)[:300]}", flush=True)
            state["f"] = f
            out = f(*args)
        state["tried"] = True
        return out
    return call


class Dataset:
    """The corpus as it grows: frames of latents, phones and sound on the device, and the items they belong to."""

    def __init__(self, a, frames, sound=False, phones=False):
        self.a, self.next, self.frames, self.count, self.items = a, 0, frames, 0, 0
        self.latents = torch.zeros(frames, SIZE, dtype=torch.float16, device=DEVICE)
        self.phones = torch.zeros(frames if phones else 0, 4, dtype=torch.uint8, device=DEVICE)
        self.sound = torch.zeros(frames if sound else 0, HOP, dtype=torch.int16, device=DEVICE)
        self.first, self.n, self.id, self.low, self.high = [], [], [], [], []
        self.closed = False

    def path(self, k):
        return os.path.join(self.a.work, f"chunk{k:03d}.pt")

    def wait(self, clock, limit=240):
        begin = time.time()
        while not self.take():
            if time.time() > begin + limit or clock.over():
                sys.exit("no corpus came")
            time.sleep(0.3)

    def take(self):
        """One more chunk, if there is one."""
        if self.closed or not os.path.exists(self.path(self.next)):
            return False
        c = torch.load(self.path(self.next), map_location="cpu", weights_only=True, mmap=True)
        self.next += 1
        rows = len(c["latents"])
        wants_sound = len(self.sound) > 0
        if self.count + rows > self.frames or (wants_sound and "sound" not in c):
            self.closed = True
            return False
        part = slice(self.count, self.count + rows)
        self.latents[part] = c["latents"].to(DEVICE)
        if wants_sound:
            self.sound[part] = c["sound"].to(DEVICE)
        if len(self.phones):
            self.phones[part] = c["phones"].to(DEVICE)
        n = c["n"].numpy()
        first = np.cumsum(n) - n + self.count
        edges = np.flatnonzero(np.diff(c["voice"].numpy())) + 1     # items come sorted by voice
        bounds = np.concatenate(([0], edges, [len(n)]))
        for b, e in zip(bounds, bounds[1:]):
            self.low += [first[b]] * (e - b)
            self.high += [first[e - 1] + n[e - 1]] * (e - b)
        self.first += list(first)
        self.n += list(n)
        self.id += list(c["item"].numpy())
        self.count += rows
        self.items += len(n)
        return True


class Pace:
    """Keep few steps in flight, so that the clock means something."""

    def __init__(self, depth=3):
        self.events, self.depth = [], depth

    def __call__(self):
        if not CUDA:
            return
        e = torch.cuda.Event(blocking=True)
        e.record()
        self.events.append(e)
        if len(self.events) > self.depth:
            self.events.pop(0).synchronize()


def graphed(step, warm=3):
    """Capture a step (no arguments, no result) as a CUDA graph; the step itself where that fails."""
    if not CUDA or os.environ.get("VOICE_GRAPH", "1") == "0":
        return step, False
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(warm):
            step()
    torch.cuda.current_stream().wait_stream(side)
    torch.cuda.synchronize()
    try:
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            step()
        torch.cuda.synchronize()
        return graph.replay, True
    except Exception as e:          # noqa: BLE001
        print(f"no CUDA graph: {type(e).__name__} {str(e)[:300]}", flush=True)
        step()                      # raises where the trouble stays: run.sh begins again
        torch.cuda.synchronize()
        return step, False
