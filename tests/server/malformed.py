# SPDX-License-Identifier: MIT
"""Requests that are wrong, each made of a seed.  What is wrong in them is certain, so no answer may be a success."""
import json
import random

from serving import SPEECH

ESTIMATE = SPEECH + "/estimate"     # reads all that speech reads, and takes a moment
VOICES, CONVERT = "/v1/audio/voices", "/v1/audio/convert"
FIELDS = {"input": "Hello there.", "voice": "joe", "num_steps": 4, "seed": 7, "speed": 1.5, "response_format": "mp3",
          "extra_body": {"retakes": 0}}
EDGE = "edge-of-the-form"
DEEP = 3000
LONG = 9000         # of a name: what fits into the memory of a connection
TOO_LONG = 80000    # what does not

WRONG = {"input": (5, None, [], {}, True, ""), "voice": (5, [], {"id": 5}, "nobody", "../joe", "/etc/passwd", True),
         "num_steps": (0, -1, 10**30, 1.5, "x", [], True, 1e300), "seed": (-2, 1.5, "x", [], 2**64, {}),
         "speed": (0, 99, -1, "fast", [], 1e308), "response_format": ("exe", 5, [], "../mp3", "mp3\0"),
         "stream": ("perhaps", 5, []), "stream_format": ("x", 5, True), "sample_rate": (1, 10**9, "x", []),
         "bitrate": (-5, 10**9, []), "loudness": (5, -99, "x"), "extra_body": (5, [], "x", {"cfg_scale_text": "x"}),
         "sequence_length": (-5, 10**6, "long"), "block_sizes": (5, [[]], [-1], [10**9], [1] * 10000, ["x"]),
         "preset": ("x", 5), "markup": (5, "x" * 500, "rtf"), "language": (5, [], "x" * 500), "model": (5, [], {}),
         "reference_audio": (5, "!" * 300, "data:audio/wav,x"), "clean": (5, "x"), "inptu": ("x",), "speeed": (1,)}

BAD_UTF8 = (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\xe2\x82", b"\x80", b"\xf4\x90\x80\x80")
BAD_NUMBERS = ("1e999", "-", "01", "+1", "1.", ".5", "0x10", "NaN", "Infinity", "1" * 400, "1e", "--1", "1_000", "9" * 5000)


def request(method, target, body=b"", *headers, length=True):
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", *headers]
    if body and length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body


def as_json(body, path=ESTIMATE):
    return request("POST", path, body, "Content-Type: application/json", "Connection: close")


def noise(chance, most):
    return chance.randbytes(chance.randrange(1, most))


def word(chance, most=12):
    return "".join(chance.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(chance.randrange(1, most)))


# ---- HTTP that is none: an answer is not owed ----

def line(chance):
    """The first line."""
    bad = chance.choice((
        b"GET", b"GET /health", b"/health HTTP/1.1", b"HTTP/1.1 200 OK", b"GET /health HTTQ/1.1", b"GET /health HTTP/x.y",
        b"GET /health HTTP/", b"GET /health HTTP/1", b"GET /health 1.1", b" GET /health HTTP/1.1",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"PRI * HTTP/2.0", b"GET /health HTTP/11.1",
        b"GE\0T /health HTTP/1.1", b"\0" * 20, b"\0GET /health HTTP/1.1",
        noise(chance, 300).replace(b"\n", b""), b"GET " + b"/" * TOO_LONG + b" HTTP/1.1",
        word(chance).encode() * 10 + b" /health HTTP/1.1", b"GET /health%0d%0aX HTTP/1.1"))
    return bad + b"\r\nHost: localhost\r\n\r\n"


def header(chance):
    """A line of the header."""
    bad = chance.choice((
        "no colon", "Content-Length: -1", "Content-Length: 1x", "Content-Length: 0x10", "Content-Length: 1e3",
        "Content-Length: 99999999999999999999", "Content-Length: 18446744073709551617",
        "X: " + "a" * TOO_LONG, "a" * TOO_LONG + ": x", "\r\n".join(f"X-{i}: {word(chance)}" for i in range(8000)),
        "Transfer-Encoding: " + word(chance), "Transfer-Encoding: chunked, " + word(chance),
        "Host: evil.example", "Origin: http://evil.example"))
    where = chance.choice((b"GET /health", b"POST " + ESTIMATE.encode(), b"POST " + VOICES.encode()))
    first = b"" if bad.startswith("Host") else b"Host: localhost\r\n"
    if bad.startswith("Host"):
        where = b"GET /v1/parameters"
    return where + b" HTTP/1.1\r\n" + first + bad.encode() + b"\r\n\r\n"


def chunks(chance):
    """A body in chunks, of what would be right."""
    body = json.dumps(FIELDS).encode()
    at = chance.randrange(1, len(body))
    one, two = body[:at], body[at:]
    good = b"%x\r\n%b\r\n" % (len(one), one)
    bad = chance.choice((
        b"zz\r\n" + two, b"-5\r\n" + two, b"\r\n" + two, b"F" * 17 + b"\r\n" + two, b"FFFFFFFFFFFFFFFF\r\n" + two,
        b"0x10\r\n" + two, b"%x\r\n" % (len(two) + 1000) + two, b"%x" % len(two), b"g" * LONG,
        b"%x\r\n%bXX" % (len(two), two) + b"0\r\n\r\n", noise(chance, 80).replace(b"\n", b"").replace(b"\r", b"") + b"\r\n", b"0\r\n\r\n"))
    return request("POST", ESTIMATE, b"", "Transfer-Encoding: chunked") + good + bad


def lengths(chance):
    """A body that ends before its length."""
    body = json.dumps(FIELDS).encode()
    return request("POST", ESTIMATE, body, f"Content-Length: {len(body) + chance.randrange(1, 10**6)}", length=False)


# ---- HTTP as it should be, and in it what is not ----

def place(chance):
    """Where nothing is, and what cannot be done where something is."""
    if chance.random() < 0.5:
        return request(chance.choice(("PUT", "PATCH", "BREW", "DELETE", "TRACE", "LOCK", word(chance).upper() + "X")),
                       chance.choice((SPEECH, VOICES, "/health", "/", "/v1/models")), b"", "Connection: close")
    return request(chance.choice(("GET", "DELETE")), chance.choice((
        "/" + word(chance) + "/" + word(chance), "/v1/" + "../" * chance.randrange(1, 40) + word(chance), "/%00", "/health%00",
        "/v1/audio/voices/" + "%ff" * chance.randrange(1, 99), "/" + "a/" * 2000, "/" + "%2e%2e%2f" * 9 + "etc%2fpasswd",
        VOICES + "/" + "x" * LONG, "/" + "".join(f"%{chance.randrange(1, 256):02x}" for _ in range(9)) + "/x",
        "http://evil.example/" + word(chance), "/v1/models/" + word(chance, 200) + "x")), b"", "Connection: close")


def damaged(chance):
    """JSON with bytes of it lost, added or changed until it is none."""
    body = bytearray(json.dumps(FIELDS).encode())
    while True:
        at = chance.randrange(len(body))
        kind = chance.randrange(4)
        if kind == 0:
            del body[at:at + chance.randrange(1, 9)]
        elif kind == 1:
            body[at] = chance.randrange(256)
        elif kind == 2:
            body[at:at] = noise(chance, 5)
        else:
            body = body[:at] + body[at // 2:]
        if not body:
            return as_json(b"{")
        try:
            json.loads(bytes(body).decode("utf-8"))
        except (ValueError, RecursionError):
            return as_json(bytes(body))


def odd_json(chance):
    text = json.dumps(FIELDS)
    deep = "[" * DEEP if chance.random() < 0.5 else '{"a":' * DEEP
    bad = chance.choice((
        text + "x", text + text, text + "\0", "\0" + text, "\ufeff" + text, text[:-1] + ',"input": "again"}', "[" + text + "]",
        "null", "true", "5", '"x"', "[]", "{}", "", " ", "//x\n" + text, text.replace('"', "'"), text.replace(":", "="),
        text.replace("Hello", "\\ud800"), text.replace("Hello", "\\u12"), text.replace("Hello", "a\nb"),
        text.replace("Hello", "\\x41"), text.replace("Hello", "a\\u0000b"), text[:-1] + ",}", deep,
        deep + "]" * DEEP, text[:-1] + ', "extra": ' + deep + "}",
        text[:-1] + ', "cfg_scale_text": ' + chance.choice(BAD_NUMBERS) + "}"))
    if chance.random() < 0.3:
        at = text.index("Hello") + chance.randrange(5)
        return as_json(text[:at].encode() + chance.choice(BAD_UTF8) + text[at:].encode())
    return as_json(bad.encode())


def wrong_value(chance):
    name = chance.choice(list(WRONG))
    fields = {**FIELDS, name: chance.choice(WRONG[name])}
    return as_json(json.dumps(fields).encode(), chance.choice((ESTIMATE, SPEECH)))


def form(chance):
    """A form without sound in it, or that is none."""
    def part(name, value, file=None, edge=EDGE):
        more = f'; filename="{file}"' if file is not None else ""
        return f'--{edge}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + value + b"\r\n"

    end = f"--{EDGE}--\r\n".encode()
    rubbish, name = noise(chance, 2000), part("name", word(chance).encode())
    body = chance.choice((
        name + end, part("file", rubbish, "x.wav") + end, name + part("file", b"", "x.wav") + end,
        name + part("file", rubbish, "../../" + word(chance)) + end, name + part("file", rubbish, "x.wav"),
        name + part("file", b"RIFF" + rubbish, "x.wav") + end, name + part("file", b"ID3" + rubbish, "x.mp3") + end,
        name + part("file", b"fLaC" + rubbish, "x.flac") + end, name + part("file", b"OggS" + rubbish, "x") + end,
        part("name", b"a\0b") + part("file", rubbish, "x.wav") + end, part("n" * 200, rubbish, "x.wav") + end,
        name + b"".join(part("file", b"x", f"{i}.wav") for i in range(30)) + end, rubbish, end, rubbish + end,
        f"--{EDGE}\r\n\r\n".encode() + rubbish + b"\r\n" + end, f"--{EDGE}\r\nX: y\r\n\r\nz\r\n".encode() + end,
        f"--{EDGE}\r\nContent-Disposition: {word(chance)}\r\n\r\nx\r\n".encode() + end,
        name + part("file", part("file", rubbish, "y", "inner"), "x.wav") + end, (name + end)[:chance.randrange(1, 40)]))
    kind = chance.choice((f"multipart/form-data; boundary={EDGE}",) * 6 + (
        "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=other", "text/plain",
        'multipart/form-data; boundary="' + EDGE, "multipart/form-data; boundary=" + "x" * LONG, "multipart/mixed; boundary=" + EDGE))
    return request("POST", chance.choice((VOICES, CONVERT)), body, "Content-Type: " + kind, "Connection: close")


# How often, what, and whether an answer is owed.
KINDS = ((1, line, False), (1, header, False), (1, chunks, False), (0.5, lengths, False), (1, place, True),
         (2, damaged, True), (2, odd_json, True), (1.5, wrong_value, True), (2, form, True))


def made(seed):
    """(its kind, the bytes, is an answer owed?, requests before it in the same line that are right)"""
    chance = random.Random(f"malformed {seed}")
    _, kind, owed = chance.choices(KINDS, [often for often, _, _ in KINDS])[0]
    data, right = kind(chance), 0
    if chance.random() < 0.1:
        right = chance.randrange(1, 5)
        data = request("GET", "/health") * right + data
    return kind.__name__, data, owed, right
