# SPDX-License-Identifier: MIT
"""Many at once, clients that go away, an end in the middle; and what the server says of itself."""
import http.client
import json
import os
import random
import signal
import threading
import time

import gauges
from hearing import decode
from serving import QUICK, SPEECH, Server, all_at_once, as_answer

SENTENCE = "The boat with two sails was seen near the harbour in the morning, and nobody knew why. "
BOOK = SENTENCE * 60
TALE = SENTENCE * 12  # is told to its end, and still not at once
IDLE_S = 5


def start(s, **fields):
    """A connection on which a speech was asked for, and nothing read yet."""
    talk = s.connection()
    talk.request("POST", SPEECH, json.dumps({"input": BOOK, "voice": "joe", **QUICK, **fields}),
                 {"Content-Type": "application/json"})
    return talk


def until_busy(s, seconds=10):
    end = time.monotonic() + seconds
    while not s.load() and time.monotonic() < end:
        time.sleep(0.02)


# ---- metrics ----

def metrics(s):
    """{(name, labels as sorted pairs): value}, read by Prometheus's own parser."""
    from prometheus_client.parser import text_string_to_metric_families
    answer = s.get("/metrics")
    s.check("metrics: content type", (answer.header("Content-Type") or "").startswith("text/plain") and
            "version=0.0.4" in answer.header("Content-Type"), str(answer.headers))
    return {(x.name, tuple(sorted(x.labels.items()))): x.value
            for family in text_string_to_metric_families(answer.body.decode()) for x in family.samples}


def check_metrics(s):
    before = metrics(s)
    s.speak()
    s.speak("...")
    s.speak(speed=99)
    s.get("/secret-path-of-somebody")
    s.check("metrics: idle", s.is_idle(10))  # a speech is counted when its answer may have gone already
    after = metrics(s)

    def grown(name, **labels):
        key = (name, tuple(sorted(labels.items())))
        return after.get(key, 0) - before.get(key, 0)

    s.check("metrics: a speech is counted", grown("echotts_speeches_total", outcome="done") == 1, after)
    s.check("metrics: silence, too", grown("echotts_speeches_total", outcome="silent") == 1, after)
    s.check("metrics: seconds of sound", 0.3 < grown("echotts_sound_seconds_total") < 5, after)
    s.check("metrics: its first sound", grown("echotts_first_sound_seconds_count") == 1, after)
    bad = [v for (name, labels), v in after.items() if name == "echotts_requests_total" and ("status", "400") in labels]
    s.check("metrics: a refusal by its status", sum(bad) >= 1, after)
    s.check("metrics: nobody's path is a label", "secret-path" not in str(after), [k for k in after if "secret" in str(k)])
    s.check("metrics: histograms are whole", all(
        after[(n + "_count", ())] == after[(n + "_bucket", (("le", "+Inf"),))] for n in (
            "echotts_queue_wait_seconds", "echotts_first_sound_seconds", "echotts_speech_seconds", "echotts_rtf")))


# ---- many at once ----

def check_health(s):
    talk = start(s)
    until_busy(s)
    for path in ("/health", "/ready", "/v1/audio/voices", "/metrics", "/v1/models"):
        answer = s.get(path)
        s.check(f"{path} while busy", answer.status == 200 and answer.seconds < 1, (answer.told()[:99], answer.seconds))
    busy = s.get("/health").json() or {}
    s.check("health says that it is", s.load() >= 1, busy)
    answer = s.speak()
    s.check("a short text does not wait for a book", answer.status == 200 and talk.sock is not None and
            answer.seconds < 15, (answer.told()[:99], answer.seconds))
    talk.close()
    s.check("a client that goes away stops its job", s.is_idle(IDLE_S), s.load())


def check_leaving(s):
    """Clients that go away at any moment leave nothing behind."""
    chance = random.Random(1)
    s.speak()
    kinds = ({}, {"stream": True}, {"stream_format": "sse", "progress": True}, {"response_format": "wav"})
    def leave(times):
        for i in range(times):
            talk = start(s, **kinds[i % len(kinds)])
            time.sleep(chance.random() * 0.2)
            talk.close()
        s.check("they stop", s.is_idle(IDLE_S), s.load())
        time.sleep(0.2)
        return gauges.resident(s), gauges.files(s)

    first, last = leave(16), leave(32)
    s.check("clients that leave cost no memory", last[0] < first[0] + (24 << 20), (first[0] >> 20, last[0] >> 20))
    s.check("nor files", last[1] <= first[1] + 2, (first[1], last[1]))
    s.good("and the next one is served", s.speak(), "audio/mpeg")


def check_queue(site):
    with Server(site, "--sessions", "1", "--max-queue", "2") as s:
        books = [start(s, input=SENTENCE * 4) for _ in range(6)]
        answers = all_at_once(*(lambda t=t: as_answer(t.getresponse(), time.monotonic()) for t in books))
        for t in books:
            t.close()
        answers = [a for a in answers if not isinstance(a, Exception)]
        full = [a for a in answers if a.status == 429]
        done = [a for a in answers if a.status == 200]
        s.check("a full queue: all are answered", len(answers) == 6 and len(full) + len(done) == 6 and
                full and len(done) >= 2, [a.status for a in answers])
        for answer in full:
            s.refused("a full queue", answer, 429)
            s.check("and when to come again", (answer.header("Retry-After") or "").isdigit() and
                    1 <= int(answer.header("Retry-After")) <= 3600, str(answer.headers))
        s.check("those that are taken are whole", all(not decode(a.body)[1] and len(a.body) > 20000 for a in done),
                [len(a.body) for a in done])
        s.check("then there is room again", s.is_idle(IDLE_S) and s.speak().status == 200)


def check_crowd(s):
    """Twelve at once, each with what it asked for."""
    want = {name: s.speak(f"This is {name}.", voice=name, seed=1, response_format="wav").body
            for name in ("joe", "deep", "bright")}
    names = list(want) * 4
    got = all_at_once(*(lambda n=n: s.speak(f"This is {n}.", voice=n, seed=1, response_format="wav").body
                        for n in names))
    s.check("twelve at once: each its own", [g == want[n] for g, n in zip(got, names)] == [True] * 12,
            [g if isinstance(g, Exception) else len(g) for g in got])


# ---- voices by the program ----

def check_library(s):
    """What another program does to the library is seen at once."""
    clip = s.site.clip("deep")
    s.program.good("voices add", "voices", "add", "Anna", clip, "--voices", s.voices, "--consent", "x")
    listed = [v["id"] for v in (s.get("/v1/audio/voices").json() or {}).get("voices", [])]
    s.check("a voice that the program added is listed", "Anna" in listed, listed)
    deep = s.speak(voice="deep", seed=1, response_format="wav").body
    s.check("and speaks", s.speak(voice="anna", seed=1, response_format="wav").body == deep)
    s.program.good("voices add", "voices", "add", "Anna", s.site.clip("joe"), "--voices", s.voices, "--replace",
                   "--consent", "x")
    joe = s.speak(voice="joe", seed=1, response_format="wav").body
    s.check("another clip in its place counts at once", s.speak(voice="Anna", seed=1, response_format="wav").body == joe)
    s.program.good("voices remove", "voices", "remove", "Anna", "--voices", s.voices)
    s.refused("and its end, too", s.speak(voice="Anna"), (400, 404), "voice")


# ---- the end ----

def finish(talk, result):
    """Read to the end: what came, or the error that tells of a loss."""
    try:
        answer = talk.getresponse()
        result.append(("whole", answer.status, answer.read()))
    except (http.client.HTTPException, OSError) as e:
        result.append(("broken", e))


def check_end(site, number, fields):
    """A signal in the middle: each answer is whole, or visibly not."""
    with Server(site) as s:
        name = f"{signal.Signals(number).name} with {fields}"
        talk, result = start(s, input=TALE, **fields), []
        reader = threading.Thread(target=finish, args=(talk, result))
        until_busy(s)
        reader.start()
        time.sleep(0.1)
        status, took = s.stop(number)
        reader.join(10)
        talk.close()
        s.check(f"{name}: exit 0 within its bound", status == 0 and took < 20, (status, took, s.log[-3:]))
        s.check(f"{name}: the answer ends", len(result) == 1, result)
        if not result or result[0][0] == "broken":
            return
        _, status, body = result[0]
        if status == 200 and b'"type":"error"' not in body.replace(b" ", b"")[-2000:]:
            if fields.get("stream_format") == "sse":
                s.check(f"{name}: all events, to the last", b"speech.audio.done" in body[-500:], body[-200:])
            else:
                sound, told = decode(body, fields.get("response_format", ""))
                s.check(f"{name}: all of the sound", not told and len(sound) / 44100 > len(TALE) / 25,
                        (told, len(sound) / 44100))
        else:
            s.check(f"{name}: an error, and no server's fault", status in (200, 503), (status, body[-300:]))


def check_ends(site):
    for number, fields in ((signal.SIGTERM, {}), (signal.SIGINT, {"response_format": "wav", "stream": True}),
                           (signal.SIGTERM, {"stream_format": "sse"})):
        check_end(site, number, fields)
    with Server(site) as s:
        status, took = s.stop()
        s.check("SIGTERM while idle", status == 0 and took < 2, (status, took))
    with Server(site) as s:
        kept = s.connection()
        kept.request("GET", "/health")
        kept.getresponse().read()
        status, took = s.stop()
        kept.close()
        s.check("a connection that is kept does not keep it", status == 0 and took < 5, (status, took))
        left = [name for name in os.listdir(s.folder) if name not in ("voices", "echotts")]
        s.check("and nothing is left behind", not left, left)


def check_slow_end(site):
    """A clip that takes longer to read than a server waits for answers: it still ends as it should."""
    slow = os.path.join(site.folder, "slow-ffmpeg")
    with open(slow, "w", encoding="utf-8") as f:
        f.write("#!/bin/sh\n: > \"$0.began\"\nsleep 9\nexit 1\n")
    os.chmod(slow, 0o755)
    with Server(site, "--grace", 0, env={"ECHOTTS_FFMPEG": slow}) as s:
        asking = threading.Thread(target=lambda: all_at_once(lambda: s.upload(
            "/v1/audio/voices", [("name", "slow"), ("file", "x.m4a", b"\0\0\0\x18ftypM4A " + bytes(5000))])))
        asking.start()
        until = time.monotonic() + 20
        while not os.path.exists(slow + ".began") and time.monotonic() < until:
            time.sleep(0.05)
        status, took = s.stop()
        asking.join()
        s.check("a clip that is still read", status == 0 and 5 < took < 25, (status, took, s.log[-3:]))


def check(site):
    with Server(site) as s:
        parts = [check_crowd, check_health, check_leaving, check_library]
        if not os.environ.get("TEST_SANITIZED"):  # without the packages
            parts.insert(0, check_metrics)
        for part in parts:
            part(s)
    check_queue(site)
    check_ends(site)
    check_slow_end(site)
