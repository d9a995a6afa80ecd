# SPDX-License-Identifier: MIT
"""Sound that leaves while it is made: chunked bytes, and server-sent events."""
import array
import base64
import http.client
import json
import socket
import time

from hearing import COARSE, FORMATS, decode, end_likeness, probe
from serving import QUICK, SPEECH, Answer, Server

LONG = " ".join(f"This is sentence number {n}, and it says that the boat with {n} sails was seen."
                for n in ("one", "two", "three", "four"))
SHORT = LONG[:LONG.index(".") + 1]
FIXED = {"input": LONG, "voice": "joe", "seed": 2, **QUICK}


def stream(s, fields):
    """(answer, when each part of it arrived), read as it comes."""
    talk, began = s.connection(), time.monotonic()
    talk.request("POST", SPEECH, json.dumps(fields), {"Content-Type": "application/json"})
    answer, parts, times = talk.getresponse(), [], []
    while part := answer.read1(65536):
        parts.append(part)
        times.append(time.monotonic() - began)
    talk.close()
    whole = Answer(answer.status, answer.headers, b"".join(parts), times[-1] if times else 0)
    s.seen(whole, "streamed")
    return whole, times


# ---- bytes ----

def check_wav(s):
    """One header, open sizes, and the same samples each time, however fast the machine is."""
    again, _ = stream(s, {**FIXED, "response_format": "wav", "stream": True})
    answer, times = stream(s, {**FIXED, "response_format": "wav", "stream": True})
    body = answer.body
    s.check("streamed wav: chunked", answer.header("Transfer-Encoding") == "chunked" and
            not answer.header("Content-Length"), str(answer.headers))
    s.check("streamed wav: open sizes", body[:8] == b"RIFF" + b"\xff" * 4 and
            body[36:44] == b"data" + b"\xff" * 4 and body.count(b"RIFF") == body.count(b"WAVEfmt ") == 1,
            body[:48])
    s.check("streamed wav: its rate is the header's",
            answer.header("X-Audio-Sample-Rate") == str(int.from_bytes(body[24:28], "little")))
    samples = array.array("h", body[44:])
    s.check("streamed wav: the same samples again", body == again.body, (len(body), len(again.body)))
    s.check("streamed wav: ffprobe reads it", probe(body) == ("pcm_s16le", 44100, 1), probe(body))
    got, told = decode(body)
    s.check("streamed wav: ffmpeg plays all of it", len(got) == len(samples) and not told, (len(got), len(samples), told))
    s.check("sound leaves before the end is made", len(times) > 3 and times[0] < times[-1] / 2, times)


def check_formats(s):
    want = decode(stream(s, {**FIXED, "input": SHORT, "response_format": "wav", "stream": True})[0].body, out=COARSE)[0]
    for name, (kind, codec, rate) in FORMATS.items():
        for fields in ({"stream": True}, {"stream_format": "audio"}):
            answer, _ = stream(s, {**FIXED, "input": SHORT, **fields, "response_format": name})
            label = f"{name} with {fields}"
            s.check(f"{label}: content type and rate", answer.status == 200 and
                    answer.header("Content-Type") == kind and
                    answer.header("X-Audio-Sample-Rate") == str(rate), str(answer.headers))
            s.check(f"{label}: bytes", probe(answer.body, name) == (codec, rate, 1), probe(answer.body, name))
            got, told = decode(answer.body, name, out=COARSE)
            alike = end_likeness(got, array.array("h", want))
            s.check(f"{label}: decodes to the last sample", not told and
                    len(want) - 40 <= len(got) <= len(want) + 800 and alike > 0.9,
                    (told, len(got), len(want), alike))
            if name in ("wav", "flac"):
                break


def check_slow_reader(s):
    """Nothing is skipped for somebody who reads slowly, and nobody else waits for him."""
    fields = json.dumps({**FIXED, "response_format": "pcm", "stream": True})
    want = s.ask("POST", SPEECH, fields, {"Content-Type": "application/json"}).body
    with socket.create_connection((s.host, s.port), timeout=60) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.sendall(b"POST /v1/audio/speech HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                     b"Content-Length: %d\r\n\r\n%b" % (len(fields), fields.encode()))
        answer = http.client.HTTPResponse(line, method="POST")
        answer.begin()
        got = answer.read(4096)
        time.sleep(1.5)
        began = time.monotonic()
        s.good("another one is served meanwhile", s.speak(), "audio/mpeg")
        s.check("and does not wait for the slow one", time.monotonic() - began < 10, time.monotonic() - began)
        while part := answer.read(4096):
            got += part
            time.sleep(0.001)
    s.check("a slow reader gets all of it", got == want, (len(got), len(want)))


def check_failures(s):
    """Before the first byte a failure is an answer of its own kind."""
    for fields in ({"stream": True}, {"stream_format": "sse"}):
        s.refused(f"a wrong field with {fields}", s.speak(speed=99, **fields), param="speed")
        s.refused(f"no words with {fields}", s.speak("", **fields), param="input")
        s.refused(f"no such voice with {fields}", s.speak(voice="nobody", **fields), (400, 404), "voice")
        answer = s.speak("...", response_format="wav", **fields)
        s.check(f"silence with {fields}", answer.status == 200 and answer.header("X-Echotts-Silence"),
                answer.told())


# ---- events ----

def events(body):
    """The objects in a stream of events; None where it is none."""
    found = []
    for block in body.decode("utf-8", "replace").split("\n\n"):
        lines = [line for line in block.split("\n") if line and not line.startswith((":", "event:"))]
        if lines and not all(line.startswith("data:") for line in lines):
            return None
        if lines:
            found.append(json.loads("\n".join(line[5:].lstrip() for line in lines)))
    return found


def sound(found):
    return b"".join(base64.b64decode(e["audio"], validate=True) for e in found if e["type"] == "speech.audio.delta")


def check_events(s):
    answer, times = stream(s, {**FIXED, "response_format": "pcm", "stream_format": "sse"})
    s.check("events: content type", (answer.header("Content-Type") or "").startswith("text/event-stream") and
            answer.header("Cache-Control"), str(answer.headers))
    found = events(answer.body) or [{"type": "none"}]
    s.check("events: deltas, then one end", {e["type"] for e in found[:-1]} == {"speech.audio.delta"} and
            found[-1]["type"] == "speech.audio.done", [e["type"] for e in found])
    usage = found[-1].get("usage") or {}
    s.check("events: usage", set(usage) == {"input_tokens", "output_tokens", "total_tokens"} and
            usage["input_tokens"] > 0 and usage["output_tokens"] > 0 and
            usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"], usage)
    whole = s.post(SPEECH, {**FIXED, "response_format": "pcm", "stream": True}).body
    s.check("events: their sound is that of a stream of bytes", sound(found) == whole, (len(sound(found)), len(whole)))
    s.check("events: seconds and seed", abs(found[-1].get("seconds", 0) - len(whole) / 48000) < 0.05 and
            found[-1].get("seed") == 2, found[-1])
    s.check("events leave while the rest is made", len(times) > 3 and times[0] < times[-1] / 2, times)
    answer = s.speak(stream_format="sse")
    found = events(answer.body) or [{"type": "none"}]
    s.check("events: MP3 by default", probe(sound(found))[0] == "mp3" and not decode(sound(found))[1],
            decode(sound(found))[1])


def check_progress(s):
    answer, _ = stream(s, {**FIXED, "stream_format": "sse", "progress": True})
    found = events(answer.body) or [{"type": "none"}]
    kinds = [e["type"] for e in found]
    by = {kind: [e for e in found if e["type"] == kind] for kind in kinds}
    s.check("progress: only what is known", set(kinds) <= {
        "speech.queued", "speech.pieces", "speech.progress", "speech.piece", "speech.warning", "speech.audio.delta",
        "speech.audio.done"}, set(kinds))
    first = [k for k in kinds if k != "speech.queued"][0]
    s.check("progress: the pieces first, once", first == "speech.pieces" and kinds.count(first) == 1, kinds[:4])
    planned = by.get("speech.pieces", [{}])[0].get("pieces", [])
    s.check("progress: what is to be said", len(planned) > 3 and
            all({"index", "text", "expected_s"} <= set(p) for p in planned), planned)
    pieces = by.get("speech.piece", [])
    s.check("progress: each piece", [p["index"] for p in pieces] == list(range(len(pieces))) and pieces and
            all({"text", "begin_s", "end_s", "pause_s", "seed", "takes", "trouble"} <= set(p) and
                p["begin_s"] < p["end_s"] for p in pieces) and
            all(a["end_s"] <= b["begin_s"] + 0.01 for a, b in zip(pieces, pieces[1:])), pieces)
    s.check("progress: their words are the text", " ".join(p["text"] for p in pieces) == LONG,
            [p["text"] for p in pieces])
    steps = by.get("speech.progress", [])
    shares = [e["share"] for e in steps]
    s.check("progress: steps", steps and {e["stage"] for e in steps} >= {"sample"} and
            {e["stage"] for e in steps} <= {"encode", "sample", "decode"} and
            all(0 <= e["done"] <= e["total"] for e in steps) and
            any(e.get("left_s", -1) >= 0 for e in steps), steps[:3])
    s.check("progress: the share grows to the end", shares == sorted(shares) and 0 <= shares[0] and
            0.8 < shares[-1] <= 1, shares[-5:])
    s.check("progress: the end", kinds[-1] == "speech.audio.done" and
            abs(found[-1]["seconds"] - pieces[-1]["end_s"]) < 2, found[-1])
    plain = s.speak(progress=True)
    s.check("progress without events is not in the way", plain.status in (200, 400) and
            (plain.status == 400 or not decode(plain.body)[1]), plain.told())


def check_late_failure(s):
    """What goes wrong after the first byte is an event."""
    answer, _ = stream(s, {**FIXED, "stream_format": "sse", "strict": True, "sequence_length": 22,
                           "block_sizes": None, "num_steps": 1})
    if answer.status != 200:
        s.check("strict: refused in the usual form", answer.status in (400, 422) and
                "error" in json.loads(answer.body), answer.body[:200])
        return
    found = events(answer.body) or [{"type": "none"}]
    s.check("strict: the last event is the error", found[-1]["type"] == "error" and
            {"message", "type", "param", "code"} <= set(found[-1].get("error") or {}), found[-1])


def check(site):
    with Server(site) as s:
        for part in (check_wav, check_formats, check_slow_reader, check_failures, check_events, check_progress,
                     check_late_failure):
            part(s)
