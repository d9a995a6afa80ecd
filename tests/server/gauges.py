# SPDX-License-Identifier: MIT
"""What a server has cost so far: memory, threads, files, seconds of computing; and its own histograms."""
import bisect
import os
import re
import threading

BUCKET = re.compile(r'(\w+)_bucket\{le="([^"]+)"\} (\d+)$')


def resident(s):
    with open(f"/proc/{s.process.pid}/statm", encoding="ascii") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def threads(s):
    return len(os.listdir(f"/proc/{s.process.pid}/task"))


def files(s):
    return len(os.listdir(f"/proc/{s.process.pid}/fd"))


def computing(s):
    """Seconds of all cores."""
    with open(f"/proc/{s.process.pid}/stat", encoding="ascii") as f:
        user, system = f.read().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


class Memory:
    """Resident bytes, looked at every so often until it ends."""

    def __init__(self, s, every=0.5):
        self.server, self.every, self.seen = s, every, []
        self.end = threading.Event()
        self.thread = threading.Thread(target=self.look)

    def look(self):
        while not self.end.is_set():
            self.seen.append(resident(self.server))
            self.end.wait(self.every)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.end.set()
        self.thread.join()


def quantile(values, share):
    """The value that this share of them does not pass."""
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


def histograms(s):
    """{name: [(bound, how many are not above it)]} of /metrics."""
    out = {}
    for line in s.get("/metrics").body.decode().splitlines():
        if m := BUCKET.match(line):
            out.setdefault(m[1], []).append((float(m[2]), int(m[3])))
    return out


def shares(before, after):
    """[(bound, share of what came between that is not above it)], and how many these were."""
    grown = [(bound, n - m) for (bound, n), (_, m) in zip(after, before)]
    total = grown[-1][1]
    return [(bound, n / max(1, total)) for bound, n in grown], total


def farthest(bounds, values):
    """The largest difference between a histogram's shares and those of the values themselves."""
    values = sorted(values)
    return max(abs(share - bisect.bisect_right(values, bound) / max(1, len(values))) for bound, share in bounds)
