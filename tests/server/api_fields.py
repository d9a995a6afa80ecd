# SPDX-License-Identifier: MIT
"""Fields of a request: all that there are, near misses, unknown ones, and bodies that are none."""
import json
import socket
import time

from serving import QUICK, SPEECH, Server

JSON = {"Content-Type": "application/json"}


def check_parameters(s):
    answer = s.get("/v1/parameters")
    about = answer.json() or {}
    s.good("parameters", answer, "application/json")
    s.check("all their parts", {"parameters", "speech", "presets", "formats", "limits", "model"} <= set(about),
            list(about))
    names = {row["name"] for row in about.get("parameters", [])}
    s.check("all of how to speak", {"num_steps", "cfg_scale_text", "sequence_length", "block_sizes", "trim",
                                    "rng_seed", "speaker_kv_scale"} <= names, names)
    s.check("presets", {"fast", "balanced", "best"} <= {p["name"] for p in about.get("presets", [])},
            about.get("presets"))
    s.check("formats", {"mp3", "opus", "flac", "wav", "pcm", "ogg"} <= {f["name"] for f in about.get("formats", [])},
            about.get("formats"))
    s.check("limits", (about.get("limits") or {}).get("max_text", 0) >= 4096, about.get("limits"))
    s.check("the licence of the model", "license" in (about.get("model") or {}), about.get("model"))
    return about.get("parameters", []) + about.get("speech", [])


def check_each(s, rows):
    """The list is true: defaults are taken, and what lies beyond a limit is refused by its name."""
    defaults = {row["name"]: row["default"] for row in rows
                if row.get("default") is not None and row["kind"] != "seed"}
    answer = s.speak(**{**defaults, "num_steps": 4})
    s.good("all defaults at once", answer, "audio/mpeg")
    s.check("all of them mean something", not answer.header("X-Echotts-Ignored"), str(answer.headers))
    for row in rows:
        name, kind = row["name"], row["kind"]
        for limit, step in (("max", 1), ("min", -1)):
            if kind in ("int", "float") and row.get(limit) is not None and abs(row[limit]) < 1e9:
                s.refused(f"{name} beyond its {limit}", s.speak(**{name: row[limit] + step}), param=name)
        if kind in ("int", "float", "bool", "list"):
            s.refused(f"{name} as an object", s.speak(**{name: {"a": 1}}), param=name)
            answer = s.speak(**{name: None})
            s.good(f"{name}: null is its default", answer, "audio/mpeg")
        for word in row.get("words") or []:
            if name != "sequence_length":  # "full" takes long
                s.good(f"{name}: {word['word']}", s.speak(**{name: word["word"]}), "audio/mpeg")
        if row.get("alias"):
            answer = s.post(SPEECH, {"input": "Hi.", row["alias"]: {"a": 1}})
            s.refused(f"{row['alias']} is {name}", answer, pattern=f"{name}|{row['alias']}")


def check_nested(s):
    want = s.speak(seed=3, response_format="wav").body
    nested = s.post(SPEECH, {"input": "Hello there.", "voice": "joe", "response_format": "wav",
                             "extra_body": {"seed": 3, **QUICK}})
    s.check("a nested extra_body", nested.body == want, nested.told()[:200])
    s.refused("a wrong field in it", s.speak(extra_body={"cfg_scale_text": -1000}), pattern="cfg_scale_text")
    s.refused("a near miss in it", s.speak(extra_body={"num_step": 4}), pattern="did you mean")
    for body in ("text", 7, [1]):
        s.refused(f"extra_body {body!r}", s.speak(extra_body=body), param="extra_body")


def check_names(s):
    for name, right in (("num_stepz", "num_steps"), ("respons_format", "response_format"), ("inptu", "input"),
                        ("voices", "voice"), ("cfg_scale_txt", "cfg_scale_text"), ("presett", "preset"),
                        ("Speed", "speed"), ("stream_fromat", "stream_format"), ("sedd", "seed")):
        s.refused(f"near miss {name}", s.speak(**{name: 1}), param=name, pattern=f"did you mean.*{right}")
    answer = s.speak(frobnicate=1, user="me", x={"y": [None]})
    ignored = (answer.header("X-Echotts-Ignored") or "").replace(" ", "").split(",")
    s.check("unknown fields are ignored and named", answer.status == 200 and
            set(ignored) == {"frobnicate", "x"}, str(answer.headers))
    answer = s.speak(instructions="Cheerful.", model="gpt-4o-mini-tts")
    s.check("instructions and model are known", answer.status == 200 and not answer.header("X-Echotts-Ignored"),
            str(answer.headers))
    answer = s.speak(**{"a\r\nX-Evil: 1": 1, "qqq\u00e9\u4e16": 1, "z" * 5000: 1, "": 1})
    s.check("a name cannot make a header", answer.status in (200, 400) and not answer.header("X-Evil"),
            str(answer.headers))
    s.check("nor a long one", answer.status == 400 or len(answer.header("X-Echotts-Ignored")) < 2000)
    for model in ("tts-1", "anything/at:all", "", None):
        s.good(f"model {model!r}", s.speak(model=model), "audio/mpeg")


def check_bodies(s):
    whole = json.dumps({"input": "Hello there.", "voice": "joe", "num_steps": 4})
    for name, body in (("none", ""), ("cut short", whole[:-9]), ("rubbish behind it", whole + "}"), ("a list", "[]"),
                       ("a text", '"Hello."'), ("null", "null"), ("not JSON", "input=Hello"),
                       ("single quotes", "{'input': 'Hi.'}"), ("NaN", '{"input": "Hi.", "speed": NaN}'),
                       ("huge number", '{"input": "Hi.", "speed": 1e999}'), ("bad UTF-8", b'{"input": "\xff\xfe"}'),
                       ("half a surrogate", '{"input": "\\ud800"}'), ("zeros", b"\0" * 100),
                       ("deep", "[" * 100000), ("deep in a field", '{"input": ' + "[" * 5000 + "]" * 5000 + "}"),
                       ("a field twice", '{"input": "Hi.", "input": 7}')):
        s.refused(f"body: {name}", s.ask("POST", SPEECH, body, JSON))
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-8", "", "rubbish"):
        answer = s.ask("POST", SPEECH, whole, {"Content-Type": kind} if kind else {})
        if answer.status != 200:
            s.refused(f"content type {kind!r}", answer, (400, 415))
        else:
            s.good(f"content type {kind!r}", answer, "audio/mpeg")
    s.check("JSON is never refused for its charset",
            s.ask("POST", SPEECH, whole, {"Content-Type": "application/json; charset=utf-8"}).status == 200)
    for fields in ({"input": "Hi.", "voice": None, "speed": None, "response_format": None, "seed": None,
                    "instructions": None, "stream": None, "stream_format": None, "extra_body": None},):
        s.good("null is as if it were not there", s.post(SPEECH, fields), "audio/mpeg")
    for name, value in (("stream", "perhaps"), ("stream_format", "xml"), ("seed", "x"), ("seed", -1.5),
                        ("num_steps", 2.5), ("num_steps", "many"), ("preset", "none such"), ("preset", 7),
                        ("clean", "perhaps"), ("markup", "rtf"), ("language", 7), ("progress", "perhaps"),
                        ("loudness", 5), ("block_sizes", [0]), ("block_sizes", ["a"]), ("instructions", 7)):
        answer = s.speak(**{name: value})
        if name != "instructions" or answer.status != 200:  # it is ignored
            s.refused(f"{name} {value!r}", answer, param="rng_seed" if name == "seed" else name)
    text = json.dumps({"input": "Hi.", "num_steps": "4", "seed": "5", "voice": "joe"})
    s.good("numbers in quotes, as from forms", s.ask("POST", SPEECH, text, JSON), "audio/mpeg")


def send_part(line, part, chunked):
    """A chunk goes as a whole, or what follows it would be read as its rest."""
    if not chunked:
        return line.send(part)
    line.settimeout(30)
    line.sendall(b"%x\r\n%b\r\n" % (len(part), part))
    return len(part)


def send_large(s, size, chunked=False):
    """A body of so many bytes, as far as anybody reads it: (status, bytes taken)."""
    length = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % size
    with socket.create_connection((s.host, s.port), timeout=30) as line:
        line.sendall(b"POST /v1/audio/speech HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
                     length + b"\r\n\r\n")
        part, sent, got = b'{"input": "' + b"a" * 65525, 0, b""
        line.settimeout(0.02)
        until = time.monotonic() + 30
        while time.monotonic() < until and b"\r\n\r\n" not in got:
            try:
                if sent < size:
                    sent += send_part(line, part[:size - sent], chunked)
                    if chunked and sent >= size:
                        line.sendall(b"0\r\n\r\n")
                line.settimeout(0.001 if sent < size else 5)
                more = line.recv(65536)
                if not more:
                    break
                got += more
            except (TimeoutError, socket.timeout):
                pass
            except OSError:  # nobody reads any more: an answer may be there all the same
                try:
                    got += line.recv(65536)
                except OSError:
                    pass
                break
        words = got.split(None, 2)
        return (int(words[1]) if len(words) > 1 and words[1].isdigit() else got[:80]), sent


def check_sizes(site):
    with Server(site, "--max-text", "5000", "--max-upload", "2") as s:
        status, sent = send_large(s, 50 << 20)
        s.check("a body of 50 MB", status == 413, (status, sent))
        status, sent = send_large(s, 50 << 20, chunked=True)
        s.check("a body of 50 MB in chunks", status == 413, (status, sent))
        s.refused("20,000 letters, at once", s.speak("Hello there, my friend. " * 800), (400, 413), "input", "5,?000")
        s.refused("in an estimate, too", s.post(SPEECH + "/estimate", {"input": "Hello. " * 3000}), (400, 413), "input")
        text = ("Word " * 819)[:4096]
        answer = s.post(SPEECH + "/estimate", {"input": text})
        s.check("4,096 letters are taken", answer.status == 200, answer.told())
        s.good("and it still speaks", s.speak(), "audio/mpeg")


def check(site):
    with Server(site) as s:
        rows = check_parameters(s)
        check_each(s, rows)
        for part in (check_nested, check_names, check_bodies):
            part(s)
    check_sizes(site)
