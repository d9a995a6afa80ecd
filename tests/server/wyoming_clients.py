# SPDX-License-Identifier: MIT
"""The Wyoming protocol, by its own Python client: as Home Assistant has it."""
import array
import asyncio
import os
import signal
import socket
import time

from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.error import Error
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong
from wyoming.tts import (Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop, SynthesizeStopped,
                         SynthesizeTextFormat, SynthesizeVoice)

from harness import Program
from serving import QUICK, Server, all_at_once

PATIENCE_S = 60
RATE = 44100
QUIET = 330  # of 32768, -40 dB
OPTIONS = ("--wyoming", 0, "--rng-seed", 7, "--num-steps", QUICK["num_steps"])


class Heard:
    """All that came for one request."""

    def __init__(self):
        self.starts = self.stops = 0
        self.stopped, self.error, self.closed = False, None, False
        self.pcm, self.first_s, self.formats = b"", None, set()

    @property
    def seconds(self):
        return len(self.pcm) / 2 / RATE

    def good(self):
        return (self.starts, self.stops, self.error, self.closed) == (1, 1, None, False) and \
            self.formats == {(RATE, 2, 1)} and len(self.pcm) % 2 == 0

    def told(self):
        return f"{self.starts} starts, {self.stops} stops, {self.seconds:.2f} s, {self.error}, closed {self.closed}"


async def hear(client, until):
    """Events up to one of this type, an error, or the end of the connection."""
    heard, began = Heard(), time.monotonic()
    while True:
        event = await asyncio.wait_for(client.read_event(), PATIENCE_S)
        if event is None:
            heard.closed = True
            return heard
        if AudioStart.is_type(event.type):
            start = AudioStart.from_event(event)
            heard.starts += 1
            heard.formats.add((start.rate, start.width, start.channels))
        elif AudioChunk.is_type(event.type):
            chunk = AudioChunk.from_event(event)
            heard.first_s = heard.first_s or time.monotonic() - began
            heard.formats.add((chunk.rate, chunk.width, chunk.channels))
            heard.pcm += chunk.audio
        elif AudioStop.is_type(event.type):
            heard.stops += 1
        elif Error.is_type(event.type):
            heard.error = Error.from_event(event)
            return heard
        elif SynthesizeStopped.is_type(event.type):
            heard.stopped = True
        if event.type == until:
            return heard


def talk(s, *events, until="audio-stop"):
    """Send these to a connection of their own; what was heard."""
    async def run():
        async with AsyncTcpClient("127.0.0.1", s.wyoming) as client:
            for event in events:
                await client.write_event(event if isinstance(event, Event) else event.event())
            return await hear(client, until)
    return asyncio.run(run())


def stream(s, parts, voice=None, pause_s=0, **more):
    """A text in parts, as Home Assistant sends it; (what was heard, seconds until all text was sent)."""
    async def run():
        async with AsyncTcpClient("127.0.0.1", s.wyoming) as client:
            async def send():
                await client.write_event(SynthesizeStart(voice=voice, **more).event())
                for part in parts:
                    await client.write_event(SynthesizeChunk(text=part).event())
                    await asyncio.sleep(pause_s)
                await client.write_event(Synthesize(text="".join(parts), voice=voice).event())
                await client.write_event(SynthesizeStop().event())
                return time.monotonic() - began
            began = time.monotonic()
            sending = asyncio.create_task(send())
            heard = await hear(client, "synthesize-stopped")
            return heard, await sending
    return asyncio.run(run())


def requests_logged(s):
    return sum(" wyoming id=" in line for line in list(s.log))


def longest_silence(pcm):
    """Seconds, of what lies within the sound."""
    samples = array.array("h", pcm)
    step, best, run, heard = RATE // 100, 0, 0, False
    for at in range(0, len(samples), step):
        if max(map(abs, samples[at:at + step])) > QUIET:
            best, run, heard = max(best, run), 0, True
        elif heard:
            run += 1
    return best / 100


# ---- what there is ----

def check_info(s):
    async def run():
        async with AsyncTcpClient("127.0.0.1", s.wyoming) as client:
            await client.write_event(Event("select-program", {"name": "echotts"}))  # unknown: it means nothing
            await client.write_event(Describe().event())
            info = Info.from_event(await asyncio.wait_for(client.read_event(), PATIENCE_S))
            await client.write_event(Ping(text="here?").event())
            return info, Pong.from_event(await asyncio.wait_for(client.read_event(), PATIENCE_S))
    info, pong = asyncio.run(run())
    program = info.tts[0]
    listed = [v["id"] for v in s.get("/v1/audio/voices").json()["voices"]]
    chosen = [v["id"] for v in s.get("/v1/audio/voices").json()["voices"] if v["default"]]
    s.check("info: one program that speaks", len(info.tts) == 1 and program.installed and not info.asr and
            program.supports_synthesize_streaming and "MIT" in program.description, program)
    s.check("info: the voices", sorted(v.name for v in program.voices) == sorted(listed) and
            program.voices[0].name == chosen[0] and all("en" in v.languages for v in program.voices),
            [v.name for v in program.voices])
    s.check("ping", pong.text == "here?", pong)


# ---- a whole text ----

def check_whole(s):
    text = "Good morning. It is a fine day."
    heard = talk(s, Synthesize(text=text, voice=SynthesizeVoice(name="deep")))
    same = s.speak(text, voice="deep", seed=7, retakes=2, response_format="pcm", sample_rate=RATE)
    s.check("synthesize", heard.good() and heard.seconds > 1, heard.told())
    s.check("the samples of HTTP", heard.pcm == same.body, f"{len(heard.pcm)} bytes, {same.told()[:80]}")
    again = talk(s, Synthesize(text=text, voice=SynthesizeVoice(name="deep")))
    s.check("the same again", again.pcm == heard.pcm)
    other = talk(s, Synthesize(text=text, voice=SynthesizeVoice(language="en_US")))
    s.check("a language alone: the default voice", other.good() and other.pcm != heard.pcm, other.told())
    ssml = talk(s, Synthesize(text="<speak>Good <break time='2s'/> morning.</speak>",
                              text_format=SynthesizeTextFormat.SSML))
    s.check("SSML", ssml.good() and longest_silence(ssml.pcm) > 1.7,
            f"{ssml.told()}, silence {longest_silence(ssml.pcm)}")
    nothing = talk(s, Synthesize(text="..."))
    s.check("no word: a moment of silence", nothing.good() and 0 < nothing.seconds < 1 and not any(nothing.pcm),
            nothing.told())
    two = talk(s, Synthesize(text="One."), Synthesize(text="Two."))
    s.check("two on one connection", two.good(), two.told())


# ---- a text in parts ----

def words(text):
    return [word + " " for word in text.split(" ")]


def check_parts(s):
    text = ("Good morning, Dr. Smith. It is a fine day today, is it not? We could go out. "
            "Let us see the sea, and the old town behind it, before it rains")
    time.sleep(0.2)  # the log is read beside this
    before = requests_logged(s)
    heard, sent_s = stream(s, words(text), SynthesizeVoice(name="joe"), pause_s=0.1)
    s.check("in parts", heard.good() and heard.stopped, heard.told())
    s.check("sound before the text is at its end", heard.first_s < sent_s, f"{heard.first_s} of {sent_s}")
    s.check("several speeches, one sound", 2 <= requests_logged(s) - before <= 4, requests_logged(s) - before)
    s.check("a pause between sentences", 0.3 < longest_silence(heard.pcm) < 1.2, longest_silence(heard.pcm))
    whole = talk(s, Synthesize(text=text, voice=SynthesizeVoice(name="joe")))
    s.check("as long as in one", 0.7 < heard.seconds / whole.seconds < 1.5, f"{heard.seconds}, {whole.seconds}")

    at_once, _ = stream(s, [text])
    s.check("all of it at once", at_once.good() and at_once.stopped, at_once.told())
    short, _ = stream(s, ["Yes"])
    s.check("a word", short.good() and 0.1 < short.seconds < 3, short.told())
    marks, _ = stream(s, ["Yes. ", "No. ", "..."])
    s.check("marks at the end", marks.good() and marks.stopped, marks.told())
    blank, _ = stream(s, [" ", "\n"])
    s.check("blanks alone", blank.good() and blank.stopped and not blank.pcm, blank.told())
    empty, _ = stream(s, [])
    s.check("nothing", empty.good() and empty.stopped and not empty.pcm, empty.told())
    listing, _ = stream(s, ["Do it so. ", "```\nx = 1. Y = 2.\n\nZ. ", "W\n```\n", "Done"])
    s.check("a program's listing within", listing.good(), listing.told())
    ssml, _ = stream(s, ["<speak>Good. ", "<break time='2s'/> Morning", "</speak>"],
                     text_format=SynthesizeTextFormat.SSML)
    s.check("SSML is not cut", ssml.good() and longest_silence(ssml.pcm) > 1.7, longest_silence(ssml.pcm))


# ---- what is refused ----

def check_refused(s):
    for name, pattern, *events in (
            ("an unknown voice", "joe", Synthesize(text="Hi", voice=SynthesizeVoice(name="nobody"))),
            ("no text", "empty", Synthesize(text="")),
            ("a text that is none", "text", Event("synthesize", {"text": 7})),
            ("no text at all", "text", Event("synthesize")),
            ("too long a text", "bytes", Synthesize(text="word " * 30000)),
            ("a chunk without a start", "synthesize-start", SynthesizeChunk(text="Hi")),
            ("a stop without a start", "synthesize-start", SynthesizeStop()),
            ("two starts", "ended", SynthesizeStart(), SynthesizeStart()),
            ("too long in parts", "max-text", SynthesizeStart(), *[SynthesizeChunk(text="word " * 9999)] * 3),
            ("an unknown language", "language", Synthesize(text="Hi", voice=SynthesizeVoice(language="???")))):
        heard = talk(s, *events)
        s.check(f"{name} is refused", heard.error and pattern in heard.error.text and "\n" not in heard.error.text and
                heard.error.code and not heard.pcm, heard.told())
    s.check("idle after refusals", s.is_idle(10))


def raw(s, data, wait_s=10):
    """Everything that is answered to bytes, up to the end of the connection."""
    got = b""
    with socket.create_connection(("127.0.0.1", s.wyoming), wait_s) as c:
        try:
            c.sendall(data)
            while more := c.recv(65536):
                got += more
        except (ConnectionError, socket.timeout):
            pass
    return got


def check_broken(s):
    for name, data in (("no JSON", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"), ("an array", b"[]\n"), ("no type", b"{}\n"),
                       ("a type that is none", b'{"type": 5}\n'), ("a negative length", b'{"type":"a","data_length":-1}\n'),
                       ("a huge length", b'{"type":"a","data_length":99999999999}\n'),
                       ("a huge payload", b'{"type":"a","payload_length":99999999999}\n'),
                       ("data that are none", b'{"type":"a","data_length":4}\nnope'),
                       ("a zero byte", b'{"type":"synthesize","data":{"text":"a\\u0000b"}}\n'),
                       ("no UTF-8", b'{"type":"\xff\xfe"}\n'), ("bytes", bytes(range(256)) * 8),
                       ("a line without an end", b"x" * 1_500_000)):
        got = raw(s, data)
        s.check(f"{name}: an error, and the end", b'"error"' in got and b'"audio' not in got, got[:100])
    payload = b'{"type":"audio-chunk","payload_length":100000}\n' + bytes(100000) + b'{"type":"ping"}\n'
    with socket.create_connection(("127.0.0.1", s.wyoming), 10) as c:
        c.sendall(payload)
        s.check("a payload is passed over", b'"pong"' in c.recv(1000))
    with socket.create_connection(("127.0.0.1", s.wyoming), 10) as c:
        for byte in b'{"type":"ping","data":{"text":"slow"}}\n':
            c.sendall(bytes([byte]))
        s.check("byte for byte", b'"pong"' in c.recv(1000))
    s.check("alive", s.get("/health").status == 200)


# ---- together ----

def check_together(s):
    texts = [f"This is text number {word}." for word in ("one", "two", "three", "four", "five", "six")]
    alone = [talk(s, Synthesize(text=text)).pcm for text in texts]
    together = all_at_once(*[lambda text=text: talk(s, Synthesize(text=text)) for text in texts])
    s.check("six at once: each has its own", [getattr(h, "pcm", h) for h in together] == alone,
            [getattr(h, "seconds", h) for h in together])
    idle = [socket.create_connection(("127.0.0.1", s.wyoming)) for _ in range(80)]  # 64 are taken
    told = raw(s, b'{"type":"ping"}\n', 5)
    s.check("too many connections are told so", b"too many" in told and b"pong" not in told, told)
    for c in idle:
        c.close()
    until = time.monotonic() + 10
    while b"pong" not in raw(s, b'{"type":"ping"}\n', 1) and time.monotonic() < until:
        time.sleep(0.1)
    s.check("and there is room again", time.monotonic() < until)


def becomes_busy(s):
    until = time.monotonic() + 10
    while not s.load() and time.monotonic() < until:
        time.sleep(0.02)
    return time.monotonic() < until


def check_gone(s):
    """A client that leaves while it is spoken to: nothing goes on."""
    with socket.create_connection(("127.0.0.1", s.wyoming)) as c:
        text = "This is a rather long sentence, which takes a while. " * 40
        c.sendall(b'{"type":"synthesize","data":{"text":"%s"}}\n' % text.encode())
        s.check("it is worked on", becomes_busy(s))
    s.check("it stops when its client is gone", s.is_idle(5))
    time.sleep(0.2)
    s.check("the log says so", any(" wyoming id=" in line and "status=499" in line for line in s.log), s.log[-3:])


def check_end(site):
    """SIGTERM finishes what is being said, and closes what waits."""
    with Server(site, *OPTIONS) as s:
        with socket.create_connection(("127.0.0.1", s.wyoming)) as waiting:
            results = all_at_once(lambda: talk(s, Synthesize(text="A sentence that is said to its end. " * 3)),
                                  lambda: (becomes_busy(s), s.stop())[1])
            s.check("what was being said is said", getattr(results[0], "good", bool)(),
                    getattr(results[0], "told", str)())
            s.check("it ends in time", results[1][0] == 0 and results[1][1] < 10, results[1])
            s.check("who waits sees the end", waiting.recv(10) == b"")


def check_silent_clients(site):
    with Server(site, "--wyoming", 0, "--timeout", 1) as s:
        with socket.create_connection(("127.0.0.1", s.wyoming), 20) as c:
            c.sendall(b'{"type":')
            began = time.monotonic()
            s.check("a client that is silent is closed", c.recv(10) == b"" and time.monotonic() - began < 10)


# ---- the local network ----

FAKE = """#!/bin/sh
trap 'echo ended >> %s; exit 0' TERM
echo "$@" >> %s
echo "Established under name '$3'" >&2
while :; do sleep 0.1; done
"""


def wait_for_announcement(s):
    until = time.monotonic() + 10
    while not any("Established" in line for line in s.log) and time.monotonic() < until:
        time.sleep(0.05)


def check_announced(site):
    path = os.path.join(site.folder, "announcer")
    told = os.path.join(path, "told")
    os.makedirs(path)
    with open(os.path.join(path, "avahi-publish"), "w", encoding="utf-8") as f:
        f.write(FAKE % (told, told))
    os.chmod(f.name, 0o755)
    env = {"PATH": path + os.pathsep + os.environ["PATH"]}
    with Server(site, "--host", "0.0.0.0", "--wyoming", 0, "--announce", env=env) as s:
        wait_for_announcement(s)
        s.check("the log has it", any("announce" in line and "Established" in line for line in s.log), s.log)
        s.stop()
        with open(told, encoding="utf-8") as f:
            lines = f.read().splitlines()
        name = socket.gethostname().split(".")[0][:40]
        s.check("service, type and port", lines[0] == f"-f -s echotts on {name} _wyoming._tcp {s.wyoming}", lines)
        s.check("it ends with the server", lines[-1] == "ended", lines)
    with Server(site, "--host", "0.0.0.0", "--wyoming", 0, "--announce", env=env) as s:
        wait_for_announcement(s)
        s.stop(signal.SIGKILL)
        until = time.monotonic() + 10
        while ended(told) < 2 and time.monotonic() < until:
            time.sleep(0.05)
        s.check("also when that is killed", ended(told) == 2)
    program = Program(site.path, site.data, site.folder, site.tally)
    for name, pattern, options, there in (
            ("without a port", b"--wyoming", ("--announce",), env),
            ("of this machine alone", b"0.0.0.0", ("--announce", "--wyoming", 0), env),
            ("without Avahi", b"avahi-utils", ("--announce", "--wyoming", 0, "--host", "0.0.0.0", "--port", 0),
             {"PATH": "/nowhere"})):
        done = program.run("serve", "--model", site.model, *options, env={**program.env, **there})
        site.tally.check(f"announced {name}", done.returncode and pattern in done.stderr and
                         done.stderr.count(b"\n") == 1, done.stderr)


def ended(path):
    with open(path, encoding="utf-8") as f:
        return f.read().count("ended")


def check(site):
    with Server(site, *OPTIONS) as s:
        for part in (check_info, check_whole, check_parts, check_refused, check_broken, check_together, check_gone):
            part(s)
        told = s.get("/metrics").body.decode()
        s.check("counted", 'route="wyoming",status="200"' in told and 'route="wyoming",status="400"' in told)
    with Server(site, "--wyoming", 0, key="secret") as s:
        s.check("with a key: a warning", any("no keys" in line for line in s.log), s.log)
    check_end(site)
    check_silent_clients(site)
    check_announced(site)
