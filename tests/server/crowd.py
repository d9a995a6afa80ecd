# SPDX-License-Identifier: MIT
"""A crowd of clients: what each of them asks for, how it reads, and what it got."""
import base64
import dataclasses
import hashlib
import http.client
import json
import os
import random
import re
import socket
import subprocess
import threading
import time

from serving import SPEECH

PATIENCE_S = 600     # a silence this long is an answer that was lost
ADDRESSES = 8        # that the crowd comes from: the server shares its time between addresses
SLOW_ROOM = 4096     # bytes that a slow reader's socket holds
SLOW_BLOCK, SLOW_S = 16384, 0.1
DRAWN = 8            # each so many-th request leaves its seed to the server


@dataclasses.dataclass(frozen=True)
class Ask:
    """A speech, as a client asks for it."""
    text: str
    voice: str
    seed: int
    form: str
    how: str         # "whole", "stream" or "sse"
    more: tuple = () # further fields

    def fields(self, drawn):
        out = {"input": self.text, "voice": self.voice, "response_format": self.form, **dict(self.more)}
        if not drawn:
            out["seed"] = self.seed
        if self.how != "whole":
            out["stream_format"] = "sse" if self.how == "sse" else "audio"
        return out


@dataclasses.dataclass
class Got:
    """An answer that was read to its end."""
    ask: Ask
    name: str        # the request's
    drawn: bool      # was its seed the server's?
    sound: bytes
    first_s: float   # to the first sound, since it was sent
    whole_s: float

    @property
    def hash(self):
        return hashlib.sha256(self.sound).hexdigest()


class Lost(Exception):
    """An answer that was none."""


class Full(Exception):
    """No room now: seconds until there may be."""


def connect(s, address, room=0):
    """A connection of one's own from an address of this machine, with so much room for what comes."""
    line = socket.socket()
    if room:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    line.settimeout(PATIENCE_S)
    line.bind((address, 0))
    line.connect((s.host, s.port))
    talk = http.client.HTTPConnection(s.host, s.port)
    talk.sock = line
    return talk


def read_sound(answer, slow):
    """(the bytes, when the first of them came)"""
    parts = [answer.read(1)]
    first = time.monotonic()
    while parts[-1]:
        if slow:
            time.sleep(SLOW_S)
        parts.append(answer.read(SLOW_BLOCK if slow else 1 << 20))
    return b"".join(parts), first


def read_events(answer):
    sound, first, last = [], None, None
    for line in answer:
        if not line.startswith(b"data: "):
            continue
        event = json.loads(line[6:])
        last = event["type"]
        if last == "speech.audio.delta":
            first = first or time.monotonic()
            sound.append(base64.b64decode(event["audio"], validate=True))
    if last != "speech.audio.done":
        raise Lost(f"the last event is {last}")
    return b"".join(sound), first


def speak(s, ask, name, drawn=False, address="127.0.0.1", slow=False):
    """The answer to one request."""
    talk = connect(s, address, SLOW_ROOM if slow else 0)
    began = time.monotonic()
    try:
        talk.request("POST", SPEECH, json.dumps(ask.fields(drawn)),
                     {"Content-Type": "application/json", "X-Request-Id": name})
        answer = talk.getresponse()
        if answer.status == 429:
            answer.read()
            raise Full(int(answer.getheader("Retry-After")))
        if answer.status != 200:
            raise Lost(f"{answer.status} {answer.read()[:200]!r}")
        sound, first = read_events(answer) if ask.how == "sse" else read_sound(answer, slow)
    finally:
        talk.close()
    if not sound:
        raise Lost("no sound")
    return Got(ask, name, drawn, sound, first - began, time.monotonic() - began)


class Crowd:
    """Clients at once.  Each asks again and again, until so many seconds are over or nothing is left to ask for."""

    def __init__(self, s, asks, seed=1):
        self.server, self.asks, self.seed = s, asks, seed
        self.lock = threading.Lock()
        self.got, self.lost = [], []
        self.sent = self.full = self.killed = self.begun = self.slow = 0

    def count(self, **more):
        with self.lock:
            for name, n in more.items():
                setattr(self, name, getattr(self, name) + n)

    # ---- kinds of clients ----

    def read(self, chance, address, name, slow):
        """One answer, however often the queue is full before."""
        ask = chance.choice([a for a in self.asks if not slow or (a.form == "wav" and a.how != "sse")])
        self.count(sent=1)
        while True:
            try:
                got = speak(self.server, ask, name, chance.randrange(DRAWN) == 0, address, slow)
                self.count(slow=int(slow))
                with self.lock:
                    self.got.append(got)
                return
            except Full as full:
                self.count(full=1)
                time.sleep(full.args[0])

    def vanish(self, chance, address, name):
        """Another process asks, and is killed: after a while, or as soon as an answer begins."""
        ask = chance.choice(self.asks)
        with subprocess.Popen(["curl", "-isN", "--interface", address, "-H", f"X-Request-Id: {name}",
                               "--json", json.dumps(ask.fields(True)), self.server.url + SPEECH],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as curl:
            timer = threading.Timer(chance.uniform(0.05, 25) if chance.random() < 0.5 else PATIENCE_S, curl.kill)
            timer.start()
            head = curl.stdout.readline()
            timer.cancel()
            wait = re.search(rb"Retry-After: (\d+)", curl.stdout.read()) if b" 429" in head else None
            curl.kill()
        if wait:
            self.count(full=1)
            time.sleep(int(wait[1]))
        else:
            self.count(sent=1, killed=1, begun=bool(head))

    def client(self, i, kind, more):
        chance, n = random.Random(f"{self.seed} {i}"), 0
        address = f"127.0.0.{1 + i % ADDRESSES}"
        while more():
            name, n = f"{kind}-{i}-{n}", n + 1
            try:
                if kind == "vanish":
                    self.vanish(chance, address, name)
                else:
                    self.read(chance, address, name, kind == "slow")
            except Exception as e:  # pylint: disable=broad-except
                with self.lock:
                    self.lost.append(f"{name}: {type(e).__name__} {e}")

    def run(self, kinds, seconds):
        """All at once, one client of each kind in the list."""
        end = time.monotonic() + seconds
        threads = [threading.Thread(target=self.client, args=(i, kind, lambda: time.monotonic() < end))
                   for i, kind in enumerate(kinds)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()


def all_of(s, asks, clients, name):
    """Each of the asks once, by so many clients at once: (answers, seconds)."""
    left, got, lock = list(enumerate(asks)), [], threading.Lock()

    def client():
        while True:
            with lock:
                if not left:
                    return
                i, ask = left.pop(0)
            answer = speak(s, ask, f"{name}-{i}")
            with lock:
                got.append(answer)

    threads = [threading.Thread(target=client) for _ in range(clients)]
    began = time.monotonic()
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return got, time.monotonic() - began
