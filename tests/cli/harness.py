# SPDX-License-Identifier: MIT
"""The program under test, and the counting of what it got right."""
import math
import os
import re
import subprocess

TIMEOUT_S = 400  # a sanitizer makes a book of it


class Tally:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, name, good, why=""):
        """Count one case; a failed one gets a line."""
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAIL {name}: {why}" if why else f"FAIL {name}", flush=True)
        return good


class Program:
    """Runs echotts in a folder of its own, as a user would, with no model of the user's."""

    def __init__(self, path, data, folder, tally):
        self.path, self.data, self.folder, self.tally = path, data, folder, tally
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("ECHOTTS_")}
        self.env.update(HOME=folder, XDG_CACHE_HOME=folder, XDG_DATA_HOME=folder, XDG_CONFIG_HOME=folder)
        self.env["ECHOTTS_DEVICE"] = "cpu"  # whatever GPU is here
        # Loading its driver would take longer than most cases: only devices.py does.
        self.env.update(VK_DRIVER_FILES="/nowhere", VK_ICD_FILENAMES="/nowhere")
        for name in ("HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
            self.env.pop(name, None)

    def model(self, name):
        return os.path.join(self.data, name)

    def file(self, name):
        return os.path.join(self.folder, name)

    def command(self, args):
        return [self.path, *map(str, args)]

    def run(self, *args, stdin=b"", env=None):
        """The finished process; output as bytes."""
        return subprocess.run(self.command(args), input=stdin, capture_output=True,
                              cwd=self.folder, env=env or self.env, timeout=TIMEOUT_S)

    def good(self, name, *args, stdin=b"", env=None, warned=None):
        """Run what must succeed, in silence or with one warning; None, and a failed case, if it does not."""
        done = self.run(*args, stdin=stdin, env=env)
        expected = is_one_line(done.stderr, "warning: .*" + warned) if warned else not done.stderr
        if done.returncode == 0 and expected:
            return done
        self.tally.check(name, False, f"exit {done.returncode}, {text(done.stderr)!r}")
        return None

    def check(self, name, good, why=""):
        return self.tally.check(name, good, why)


def text(data):
    return data.decode("utf-8", "replace").strip()


def is_one_line(stderr, pattern=""):
    """Exactly one line of ours, with the pattern in it."""
    line = stderr.decode("utf-8", "replace")
    return (line.startswith("echotts: ") and line.count("\n") == 1 and line.endswith("\n") and
            re.search(pattern, line) is not None)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def relative_error(got, want):
    """L2, of two equally long sequences of numbers."""
    if len(got) != len(want):
        return math.inf
    off = sum((g - w) * (g - w) for g, w in zip(got, want))
    whole = sum(w * w for w in want)
    return math.sqrt(off / whole) if off == off else math.inf


def snr(got, want):
    """Decibels."""
    error = relative_error(got, want)
    return -20 * math.log10(error) if error else math.inf
