#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Many clients at once, for minutes: is every answer whole, its own, and in time, and does the server stay as it was?

    soak.py PROGRAM MODEL [--seconds S] [--clients N] [--deaf] [--rounds N] [--every N] [--set NAME=VALUE]...
            [-- options of serve]

The interpreter is the judge's (tests/quality/install.sh), or any with --deaf.  The last line is "N passed, N failed".
"""
import argparse
import concurrent.futures
import dataclasses
import json
import os
import statistics
import sys
import tempfile
import time
import wave

sys.dont_write_bytecode = True  # the tests may lie where nothing may be written
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.join(HERE, os.pardir, "cli"), os.path.join(HERE, os.pardir, "quality")]
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import crowd
import gauges
import sentences
from harness import Tally
from serving import Server, Site

FORMS = "wav mp3 pcm".split()
HOWS = "whole stream sse".split()
# Of 64 clients, 10 are killed in the middle and 8 read slowly.
KINDS = ["read"] * 23 + ["vanish"] * 5 + ["slow"] * 4
FLAT = 0.05         # of the memory after warm-up
SLOWER = 0.10       # of the throughput of one client
APART = 0.05        # of the speeches: how far a histogram may be from the log
LATE_S = 0.5        # that a client may hear the first sound after the server had it, in the middle of all
IDLE_S = 60
REPORTS = ("Sanitizer", "runtime error")


def texts():
    """Sentences, and some that are three together."""
    some = [row["text"] for row in sentences.read("check")]
    more = [row["text"] for row in sentences.read("full")]
    return some + [" ".join(more[i:i + 3]) for i in range(0, 12, 3)]


def asks(voices, more):
    """Each text whole, as a stream and as events, in all voices and formats."""
    rows = [(text, how) for how in HOWS for text in texts()]
    return [crowd.Ask(text, voices[i % len(voices)], 1000 + i, FORMS[i // 2 % len(FORMS)], how, more)
            for i, (text, how) in enumerate(rows)]


class Soak:
    def __init__(self, s, args):
        self.s, self.args, self.check = s, args, s.check
        voices = [v["id"] for v in s.get("/v1/audio/voices").json()["voices"]]
        self.asks = [dataclasses.replace(ask, text=" ".join(ask.text.split()[:args.words]))
                     for ask in asks(voices, tuple(args.set))[::args.every]]
        self.alone = {}      # each ask's sound when nobody else asks
        self.rows = []       # of the table

    def row(self, name, value):
        self.rows.append((name, value))

    # ---- one after the other ----

    def warm_up(self):
        got, _ = crowd.all_of(self.s, self.asks, 1, "alone")
        self.alone = {g.ask: g.sound for g in got}
        self.check("each alone is whole", len(self.alone) == len(self.asks), len(self.alone))

    def rate(self, clients, name):
        """Seconds of sound a second, and seconds of computing for a second of sound."""
        before, log = gauges.computing(self.s), len(self.s.log)
        got, took = crowd.all_of(self.s, self.asks, clients, name)
        self.same(f"{name}: the same as alone", got)
        self.s.is_idle(IDLE_S)
        time.sleep(0.2)  # the log's last line
        sound = sum(r.get("sound_s", 0) for r in self.requests(log))
        return sound / took, (gauges.computing(self.s) - before) / sound

    def throughput(self):
        """One client, then all, in turns, since others use the machine, too."""
        one, all_ = [self.rate(1, "one-0")], []
        for i in range(self.args.rounds):
            all_.append(self.rate(self.args.queue, f"all-{i}"))
            one.append(self.rate(1, f"one-{i + 1}"))
        alone, together = (statistics.median(rate for rate, _ in some) for some in (one, all_))
        self.row("seconds of sound a second: one client after the other", f"{alone:.2f}")
        self.row("seconds of sound a second: all at once", f"{together:.2f} ({100 * together / alone:.0f} %)")
        self.row("core seconds for a second of sound: one, all",
                 ", ".join(f"{statistics.median(c for _, c in some):.3f}" for some in (one, all_)))
        self.check("all at once are as fast as one after the other", together >= (1 - SLOWER) * alone, (one, all_))

    def same(self, name, got):
        wrong = [g.name for g in got if not g.drawn and g.sound != self.alone.get(g.ask)]
        self.check(name, not wrong, wrong[:5])

    # ---- the load ----

    def requests(self, begin=0):
        """Requests for speech in the log."""
        lines = [json.loads(line) for line in self.s.log[begin:] if line.startswith("{")]
        return [r for r in lines if r.get("event") == "request" and r["path"] == crowd.SPEECH]

    def load(self):
        kinds = (KINDS * (1 + self.args.clients // len(KINDS)))[:self.args.clients]
        many = crowd.Crowd(self.s, self.asks)
        start, log = (gauges.threads(self.s), gauges.files(self.s)), len(self.s.log)
        before, began = gauges.histograms(self.s), time.monotonic()
        with gauges.Memory(self.s) as memory:
            many.run(kinds, self.args.seconds)
        took = time.monotonic() - began
        self.check("afterwards nothing waits", self.s.is_idle(IDLE_S), self.s.load())
        time.sleep(5)  # the log's last line, and connections whose end only the watch sees
        end = gauges.threads(self.s), gauges.files(self.s)  # before the next connection of ours
        records = self.requests(log)
        self.tell_crowd(many, took, records)
        self.tell_times(many, before, {r["id"]: r for r in records if r["status"] == 200})
        self.tell_memory(memory.seen)
        self.row("threads and open files: before, after", f"{start[0]} and {start[1]}, {end[0]} and {end[1]}")
        self.check("as many threads as before", end[0] == start[0], (start, end))
        self.check("as many open files as before", end[1] == start[1], (start, end))
        self.s.good("it is well", self.s.get("/health"), "application/json")
        return many.got

    def tell_crowd(self, many, took, records):
        sound = sum(r.get("sound_s", 0) for r in records if r["status"] == 200)
        self.row("clients, seconds", f"{self.args.clients}, {took:.0f}")
        self.row("requests; whole answers; clients killed, of these in the middle of the answer",
                 f"{many.sent}; {len(many.got)}; {many.killed}, {many.begun}")
        self.row("of the answers: read slowly; with the server's seed",
                 f"{many.slow}; {sum(g.drawn for g in many.got)}")
        self.row("queue full (429), and asked again", many.full)
        self.row("seconds of sound a second, of whole answers", f"{sound / took:.2f}")
        self.check("nothing is lost", not many.lost and len(many.got) + many.killed == many.sent,
                   many.lost[:5])
        self.check("each kind was there", many.got and (self.args.clients < len(KINDS) or (
            many.slow and many.killed)), (many.slow, many.killed))
        self.check("no fault of the server", not [r for r in records if r["status"] >= 500],
                   [r for r in records if r["status"] >= 500][:3])
        self.same("each answer is the same as alone", many.got)

    def tell_times(self, many, before, served):
        after = gauges.histograms(self.s)
        for name, key, values in (
                ("waiting", "echotts_queue_wait_seconds", [r["wait_s"] for r in served.values()]),
                ("to the first sound", "echotts_first_sound_seconds", [r["first_s"] for r in served.values()])):
            self.row(f"seconds {name}, p50 and p95, by the server",
                     f"{gauges.quantile(values, 0.5):.2f}, {gauges.quantile(values, 0.95):.2f}")
            bounds, n = gauges.shares(before[key], after[key])
            self.check(f"/metrics say the same of {name}", n >= len(values) > 0 and
                       gauges.farthest(bounds, values) <= APART, (n, len(values), gauges.farthest(bounds, values)))
        firsts = [g.first_s for g in many.got]
        self.row("seconds to the first sound, p50 and p95, by the clients",
                 f"{gauges.quantile(firsts, 0.5):.2f}, {gauges.quantile(firsts, 0.95):.2f}")
        late = [g.first_s - served[g.name]["first_s"] for g in many.got if g.name in served]
        self.check("the log has each answer", len(late) == len(many.got), (len(late), len(many.got)))
        self.check("clients hear what the server says", late and 0 <= statistics.median(late) <= LATE_S and
                   min(late) > -0.01, (min(late, default=0), statistics.median(late or [9])))

    def tell_memory(self, seen):
        """Its middle in the first tenth and in the last."""
        part = max(1, len(seen) // 10)
        first, last = statistics.median(seen[:part]), statistics.median(seen[-part:])
        self.row("resident memory, MiB: first tenth, last tenth, most",
                 f"{first / 2**20:.0f}, {last / 2**20:.0f}, {max(seen) / 2**20:.0f}")
        self.check("memory is flat", max(last, max(seen)) <= first * (1 + self.args.memory / 100),
                   (first, last, max(seen)))

    # ---- listening ----

    def listen(self, got):
        """Each different sound is heard once, as the text that it is nearest to of all."""
        different = {(g.ask.text, g.hash): g for g in got}
        with tempfile.TemporaryDirectory(dir=self.s.folder) as folder, \
                concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
            jobs = [(g.ask, store(g, os.path.join(folder, f"{i}.{g.ask.form}"))) for i, g in enumerate(different.values())]
            heard = list(pool.map(hear, [path for _, path in jobs]))
        wrong = words = 0
        strangers = []
        for (ask, _), text in zip(jobs, heard):
            own, other, n = distances(ask.text, text)
            wrong, words = wrong + own, words + n
            if own >= other:
                strangers.append((ask.text, text))
        self.row("answers of different sound that were heard; words wrong", f"{len(jobs)}; {100 * wrong / words:.1f} %")
        self.check("each answer says its own text", not strangers, strangers[:5])

    def tell(self):
        width = max(len(name) for name, _ in self.rows)
        for name, value in self.rows:
            print(f"{name:{width}}  {value}", flush=True)


def store(got, path):
    if got.ask.form != "pcm":
        with open(path, "wb") as f:
            f.write(got.sound)
        return path
    with wave.open(path, "wb") as f:
        f.setparams((1, 2, 24000, 0, "NONE", ""))
        f.writeframes(got.sound)
    return path


def hear(path):
    import ears
    return ears.hear(path)


def distances(own, heard):
    """Words between what was heard and its own text, and the nearest of all others; words of its own."""
    import ears
    import errors
    said = ears.words(heard)
    others = min(errors.distance(ears.words(text), said) for text in texts() if text != own)
    return errors.distance(ears.words(own), said), others, len(ears.words(own))


def field(text):
    """NAME=VALUE of a request, the value as JSON if it is."""
    name, _, value = text.partition("=")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("program")
    p.add_argument("model")
    p.add_argument("--seconds", type=float, default=300, help="of the load (300)")
    p.add_argument("--clients", type=int, default=64, help="at once (64)")
    p.add_argument("--rounds", type=int, default=1, help="of all against one; 0: their speed is not measured")
    p.add_argument("--queue", type=int, help="that may wait (5 of 8 clients, so that some are told that it is full)")
    p.add_argument("--words", type=int, help="of each text: its first ones alone (with --deaf)")
    p.add_argument("--every", type=int, default=1, metavar="N", help="of the 48 different speeches each N-th alone")
    p.add_argument("--memory", type=float, default=100 * FLAT, help="per cent that it may grow by (5)")
    p.add_argument("--deaf", action="store_true", help="nothing is recognised: sounds are compared alone")
    p.add_argument("--set", type=field, action="append", default=[], metavar="NAME=VALUE", help="a field of all requests")
    own, serve = sys.argv[1:], []
    if "--" in own:
        at = own.index("--")
        own, serve = own[:at], own[at + 1:]
    args = p.parse_args(own)
    args.serve = serve
    args.queue = args.queue or max(2, args.clients * 5 // 8)
    return args


def run(s, args):
    soak = Soak(s, args)
    soak.warm_up()
    print(f"{len(soak.asks)} different speeches were made", flush=True)
    if args.rounds:
        soak.throughput()
    else:
        soak.rate(args.queue, "warm")  # each session's memory
    got = soak.load()
    if not args.deaf:
        soak.listen(got)
    soak.tell()


def main():
    args, tally = arguments(), Tally()
    with tempfile.TemporaryDirectory(prefix="echotts-soak-") as folder:
        site = Site(os.path.abspath(args.program), os.path.abspath(args.model), folder, folder, tally)
        with Server(site, "--log", "json", "--max-queue", args.queue, *args.serve) as s:
            run(s, args)
            status, _ = s.stop()
            reports = [line for line in s.log if any(word in line for word in REPORTS)]
            tally.check("it ends well", status == 0 and not reports, (status, reports[:5]))
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
