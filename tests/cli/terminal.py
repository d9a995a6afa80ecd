# SPDX-License-Identifier: MIT
"""Progress on a terminal, Ctrl-C, and readers that leave early."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

from harness import TIMEOUT_S, is_one_line, text

COLUMNS = 60
PROMPT_S = 5  # how long stopping may take on a busy machine; it is a layer of a step


class OnTerminal:
    """A run whose stderr is a terminal of COLUMNS columns."""

    def __init__(self, p, *args, columns=COLUMNS):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.process = subprocess.Popen(p.command(args), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=slave, cwd=p.folder,
                                        env=p.env)
        os.close(slave)
        self.seen = b""

    def read(self, until=None):
        """Read to the end, or until the pattern has been seen."""
        end = time.monotonic() + TIMEOUT_S
        while time.monotonic() < end:
            if until and re.search(until, self.seen):
                return True
            if not select.select([self.master], [], [], 0.2)[0]:
                continue
            try:
                data = os.read(self.master, 4096)
            except OSError:  # how Linux says that the other side is closed
                data = b""
            if not data:
                break
            self.seen += data
        return until is None

    def finish(self):
        self.read()
        self.process.stdout.read()
        code = self.process.wait(TIMEOUT_S)
        os.close(self.master)
        return code

    def lines(self):
        """Everything that was ever drawn, one drawing each."""
        return [s for s in re.split(rb"[\r\n]+", self.seen) if s.strip()]


# Steps that take seconds; under a sanitizer each takes twenty times as long.
STEPS = 60 if os.environ.get("TEST_SANITIZED") else 1000


def slow(p, *more):
    """Arguments of a run that takes seconds."""
    return ["say", "Hello.", "-m", p.model("tiny"), "--sequence-length", 320, "--num-steps", STEPS, *more]


def check_bar(p):
    voice = os.path.join(p.model("tiny"), "voice.wav")
    began = time.monotonic()
    # One thread and float32, so that it takes the second after which a forecast is dared.
    run = OnTerminal(p, "say", "Hello.", "-m", p.model("tiny"), "-v", voice, "--sequence-length", 128,
                     "--num-steps", STEPS, "--threads", 1, "--precision", "f32", "--no-trim", "-o", "bar.wav")
    code = run.finish()
    seconds = time.monotonic() - began
    seen = run.seen.decode("utf-8", "replace")
    p.check("bar: exit", code == 0, f"{code}: {seen[-200:]!r}")
    p.check("bar: steps", re.search(rf"sampling .* \d+/{STEPS} steps", seen), seen[-300:])
    p.check("bar: time left", re.search(r"\d:\d\d left", seen), seen[-300:])
    p.check("bar: summary", re.search(
        r"bar\.wav  5\.94 s of audio in [\d.]+ s \([\d.]+x\)", text(run.lines()[-1])),
        run.lines()[-1])
    widest = max(len(line) for line in run.lines()[:-1])
    p.check("bar: width", widest < COLUMNS, widest)
    # Ten drawings a second, and those of stages that begin and end.
    p.check("bar: calm", len(run.lines()) < 50 + 12 * seconds, f"{len(run.lines())} drawings in {seconds:.1f} s")

    short = ["say", "Hello.", "-m", p.model("tiny"), "--sequence-length", 64, "--num-steps", STEPS // 5,
             "--no-trim", "-o", "bar.wav"]
    quiet = OnTerminal(p, *short, "--quiet")
    p.check("--quiet", quiet.finish() == 0 and not quiet.seen, quiet.seen)
    narrow = OnTerminal(p, *short, columns=20)
    narrow.finish()
    widest = max(len(line) for line in narrow.lines()[:-1])
    p.check("narrow bar", widest < 20, f"{widest}: {narrow.seen[:200]}")


def check_error_after_bar(p):
    """The bar is gone before the error comes."""
    run = OnTerminal(p, "say", "Hello.", "-m", p.model("tiny"), "-v", "no.wav", "-o", "bar.wav")
    p.check("error on a terminal", run.finish() == 1)
    p.check("error on a line of its own", run.lines()[-1].startswith(b"echotts: no.wav"),
            run.lines()[-1])


def check_interrupt(p):
    for name, number in (("SIGINT", signal.SIGINT), ("SIGTERM", signal.SIGTERM)):
        run = OnTerminal(p, *slow(p, "-o", "stopped.wav", "--latent-out", "stopped.latents"))
        p.check(f"{name}: it runs", run.read(until=rb"steps"), run.seen)
        began = time.monotonic()
        run.process.send_signal(number)
        code = run.finish()
        took = time.monotonic() - began
        p.check(f"{name}: exit", code == 130, code)
        p.check(f"{name}: at once", took < PROMPT_S, f"{took:.1f} s")
        p.check(f"{name}: says so", run.lines()[-1] == b"echotts: stopped", run.lines()[-1])
    left = [n for n in os.listdir(p.folder) if n.startswith("stopped")]
    p.check("nothing left when stopped", not left, left)

    command = p.command(["say", "-", "-m", p.model("tiny"), "-o", "stopped.wav"])
    waiting = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, cwd=p.folder, env=p.env)
    time.sleep(0.5)
    waiting.send_signal(signal.SIGINT)
    _, stderr = waiting.communicate(timeout=TIMEOUT_S)
    p.check("stopped while waiting for text",
            waiting.returncode == 130 and is_one_line(stderr, "stopped"), stderr)


def check_closed_stdout(p):
    """A reader that went away is an error, not a silent death."""
    tiny = p.model("tiny")
    for args in (["say", "Hello.", "-m", tiny, "--sequence-length", 8, "-s", 1, "--no-trim", "-o", "-"],
                 ["bench", "-m", tiny, "--texts", "short", "-s", 1, "--voices", 0, "--sequence-length", 8],
                 ["info", "--json"], ["info"], ["--help"], ["say", "--help"]):
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run(p.command(args), stdin=subprocess.DEVNULL, stdout=writer,
                              stderr=subprocess.PIPE, cwd=p.folder, env=p.env,
                              restore_signals=True, timeout=TIMEOUT_S)
        os.close(writer)
        p.check(f"closed stdout: {' '.join(map(str, args[:2]))}",
                done.returncode == 1 and is_one_line(done.stderr),
                f"{done.returncode} {text(done.stderr)!r}")


def check(p):
    check_bar(p)
    check_error_after_bar(p)
    check_interrupt(p)
    check_closed_stdout(p)
