# SPDX-License-Identifier: MIT
"""Every route: with and without /v1, methods, keys, origins, and how connections are kept."""
import http.client
import json
import os
import re
import socket
import subprocess

from harness import is_one_line, text
from serving import SPEECH, Server

READ = ("/v1/models", "/v1/audio/models", "/v1/audio/voices", "/v1/voices", "/v1/parameters", "/health", "/ready",
        "/metrics", "/openapi.json", "/")
REFUSED_S = 20
OPEN = ("/", "/health", "/ready", "/openapi.json", "/v1/audio/voices", "/v1/voices", "/v1/models", "/v1/audio/models")


def check_answers(s):
    about = s.get("/v1/models").json() or {}
    models = about.get("data") or [{}]
    s.check("models, as OpenAI lists them", about.get("object") == "list" and
            all({"id", "object", "created", "owned_by"} <= set(m) and m["object"] == "model" and
                isinstance(m["created"], int) for m in models), about)
    s.check("with their licence", "license" in models[0], models[0])
    one = s.get(f"/v1/models/{models[0].get('id')}")
    s.check("one model", one.status == 200 and one.json() == models[0], one.told())
    s.good("a model whose name clients usually send", s.get("/v1/models/tts-1"), "application/json") \
        if s.get("/v1/models/tts-1").status == 200 else \
        s.refused("a model that is not here", s.get("/v1/models/tts-1"), 404)
    listed = (s.get("/v1/audio/models").json() or {}).get("models") or [{}]
    s.check("models, as Open WebUI lists them", listed[0].get("id") == models[0].get("id"), listed)
    voices = (s.get("/v1/audio/voices").json() or {}).get("voices") or [{}]
    s.check("voices", {"joe", "deep", "bright"} <= {v.get("id") for v in voices} and
            all({"id", "name", "source", "license", "default"} <= set(v) for v in voices), voices)
    s.check("one of them is the default", sum(bool(v.get("default")) for v in voices) == 1, voices)
    s.check("voices elsewhere: the same", (s.get("/v1/voices").json() or {}).get("voices") == voices)
    joe = s.get("/v1/audio/voices/joe")
    s.check("one voice", joe.status == 200 and (joe.json() or {}).get("id") == "joe", joe.told())
    preview = s.get("/v1/audio/voices/joe/preview?response_format=mp3")
    s.good("its preview", preview, "audio/mpeg")
    s.check("again: the same", s.get("/v1/audio/voices/joe/preview?response_format=mp3").body == preview.body)
    s.good("in another format", s.get("/v1/audio/voices/joe/preview?response_format=wav"), "audio/wav")
    s.refused("in none", s.get("/v1/audio/voices/joe/preview?response_format=xyz"), param="response_format")
    s.refused("of nobody", s.get("/v1/audio/voices/nobody/preview"), 404)
    health = s.get("/health")
    s.check("health", health.status == 200 and (health.json() or {}).get("status") == "ok" and
            {"model", "device", "queue"} <= set(health.json()), health.told())
    s.good("ready", s.get("/ready"))
    page = s.get("/")
    s.check("the page", page.status == 200 and page.type == "text/html" and b"<" in page.body, page.told())
    s.check("openapi.json", (s.get("/openapi.json").json() or {}).get("openapi", "").startswith("3."))


def check_spellings(s):
    for path in READ:
        plain = s.get(path)
        s.check(f"GET {path}", plain.status == 200, plain.told())
        for other in {path + "/" if path != "/" else path, path.removeprefix("/v1"), path.removeprefix("/v1") + "/",
                      path + "?limit=100"}:
            answer = s.get(other)
            s.check(f"GET {other}", answer.status == 200 and answer.type == plain.type, answer.told())
        head = s.ask("HEAD", path)
        s.check(f"HEAD {path}", head.status == 200 and not head.body and head.type == plain.type, str(head.headers))
    fields = json.dumps({"input": "Hi.", "voice": "joe", "num_steps": 4})
    for path in ("/v1/audio/speech/", "/audio/speech", "/audio/speech/", "/v1/audio/speech?x=1"):
        s.good(f"POST {path}", s.ask("POST", path, fields, {"Content-Type": "application/json"}), "audio/mpeg")
    for path in ("/audio/speech/estimate", "/v1/audio/speech/estimate/"):
        s.good(f"POST {path}", s.ask("POST", path, fields, {"Content-Type": "application/json"}), "application/json")


def check_methods(s):
    for path in ("/nothing", "/v1/chat/completions", "/v1/v1/models", "//v1/models", "/v1/test", "/readyz",
                 "/v1/audio/speech/x", "/v1/models/nobody", "/v1/audio/voices/nobody", "/%00", "/v1/%ff"):
        s.refused(f"GET {path}", s.get(path), 404)
    for method, path, allowed in (("GET", SPEECH, "POST"), ("PUT", SPEECH, "POST"), ("HEAD", SPEECH, "POST"),
                                  ("DELETE", "/v1/models", "GET"), ("POST", "/health", "GET"), ("POST", "/", "GET"),
                                  ("PATCH", "/v1/audio/voices", "POST"), ("PUT", "/v1/audio/voices/joe", "DELETE"),
                                  ("GET", "/v1/audio/convert", "POST"), ("GET", SPEECH + "/estimate", "POST"),
                                  ("BREW", "/metrics", "GET")):
        answer = s.ask(method, path)
        s.check(f"{method} {path}: 405 and Allow", answer.status == 405 and
                allowed in (answer.header("Allow") or ""), f"{answer.status} {answer.headers}")
        if method != "HEAD":
            s.refused(f"{method} {path}: in the usual form", answer, 405)
    answer = s.ask("OPTIONS", SPEECH)
    s.check("OPTIONS", answer.status == 204 and not answer.body, answer.told())


# ---- keys and origins ----

def check_keys(site, open_server):
    for given in ("Bearer anything", "Bearer ", "Bearer", "Basic eDp5", "sk-plain"):
        answer = open_server.ask("GET", "/v1/parameters", headers={"Authorization": given})
        open_server.check(f"no key is set: {given!r} is taken", answer.status == 200, answer.told())
    key = "sk-some-Key-123"
    with Server(site, key=key) as s:
        for path in OPEN:
            for path in (path, path.removeprefix("/v1")):
                s.check(f"open: {path}", s.get(path, authorized=False).status == 200)
        closed = [("POST", SPEECH), ("POST", SPEECH + "/estimate"), ("POST", "/v1/audio/convert"),
                  ("POST", "/v1/audio/voices"), ("DELETE", "/v1/audio/voices/joe"), ("GET", "/v1/parameters"),
                  ("GET", "/metrics"), ("GET", "/v1/audio/voices/joe/preview"), ("POST", "/audio/speech/")]
        for method, path in closed:
            answer = s.ask(method, path, "{}" if method == "POST" else None, authorized=False)
            s.refused(f"without the key: {method} {path}", answer, 401)
            s.check(f"and nothing of it: {method} {path}", key.encode() not in answer.body)
        for given in ("Bearer " + key[:-1], "Bearer " + key + "x", "Bearer " + key.lower(), "Bearer", "Bearer ",
                      key, "Basic " + key, "Bearer x" + key):
            answer = s.ask("GET", "/v1/parameters", headers={"Authorization": given}, authorized=False)
            s.refused(f"wrong key {given!r}", answer, 401)
        s.good("with the key", s.speak(), "audio/mpeg")
        answer = s.ask("GET", "/v1/parameters", headers={"Authorization": "bearer " + key}, authorized=False)
        s.check("the word Bearer in any case", answer.status == 200, answer.told())
        s.check("OPTIONS needs no key", s.ask("OPTIONS", SPEECH, authorized=False).status == 204)
    s.check("the key is in no line of the log", not [line for line in s.log if key in line])


def allowed(answer):
    """Headers of the answer that let scripts of other sites in."""
    return {name.lower(): value for name, value in answer.headers.items()
            if name.lower().startswith("access-control-")}


def preflight(s, origin):
    return s.ask("OPTIONS", SPEECH, headers={
        "Origin": origin, "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type"})


def check_origins(site, closed):
    for answer in (closed.ask("GET", "/v1/models", headers={"Origin": "http://evil.example"}),
                   preflight(closed, "http://evil.example")):
        closed.check("origins: off by default", not allowed(answer), allowed(answer))
    mine = "http://chat.example:3000"
    with Server(site, "--cors", mine + ",https://other.example") as s:
        for origin in (mine, "https://other.example"):
            for answer in (s.ask("GET", "/v1/models", headers={"Origin": origin}), preflight(s, origin),
                           s.ask("GET", "/nothing", headers={"Origin": origin})):
                got = allowed(answer)
                s.check(f"origin {origin}: let in", got.get("access-control-allow-origin") == origin and
                        "origin" in (answer.header("Vary") or "").lower(), str(answer.headers))
        got = allowed(preflight(s, mine))
        s.check("preflight: methods and headers", "POST" in got.get("access-control-allow-methods", "") and
                {"authorization", "content-type"} <= set(
                    re.split(r",\s*", got.get("access-control-allow-headers", "").lower())), got)
        shown = allowed(s.ask("GET", "/v1/models", headers={"Origin": mine})).get("access-control-expose-headers", "")
        s.check("scripts may read our headers", "x-echotts-seed" in shown.lower() or shown == "*", shown)
        for origin in ("http://evil.example", mine + ".evil.example", "http://chat.example", "null", mine.upper() + "x",
                       "https://chat.example:3000", "*", ""):
            for answer in (s.ask("GET", "/v1/models", headers={"Origin": origin}), preflight(s, origin)):
                s.check(f"origin {origin!r}: not let in",
                        "access-control-allow-origin" not in allowed(answer), allowed(answer))
        posted = s.ask("POST", SPEECH, "{}", {"Origin": "http://evil.example", "Content-Type": "text/plain"})
        s.refused("a page of another origin cannot change anything", posted, 403)
        own = s.ask("POST", SPEECH, "{}", {"Origin": s.url, "Content-Type": "application/json"})
        s.check("our own page can", own.status == 400, own.told())
    for host in ("evil.example", "127.evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80"):
        answer = closed.ask("POST", SPEECH, "{}", {"Host": host})
        closed.check(f"a name that was bound to this machine: {host}", answer.status in (403, 421), answer.told())
    with Server(site, "--cors", "*") as s:
        for answer in (s.ask("GET", "/v1/models", headers={"Origin": mine}), preflight(s, mine)):
            got = allowed(answer)
            s.check("any origin: never with credentials", got.get("access-control-allow-origin") in ("*", mine) and
                    "access-control-allow-credentials" not in got, got)


# ---- connections ----

def check_kept(s):
    talk = s.connection()
    talk.connect()
    line = talk.sock
    fields = json.dumps({"input": "Hi.", "voice": "joe", "num_steps": 4})
    for method, path, body in (("GET", "/v1/models", None), ("POST", SPEECH, fields), ("GET", "/nothing", None),
                               ("POST", SPEECH, "{"), ("HEAD", "/health", None), ("GET", "/health", None)):
        talk.request(method, path, body, {"Content-Type": "application/json"})
        answer = talk.getresponse()
        answer.read()
        s.check(f"a connection is kept after {method} {path}", talk.sock is line, str(answer.headers))
    talk.close()
    with socket.create_connection((s.host, s.port), timeout=30) as line:
        line.sendall(b"GET /health HTTP/1.0\r\n\r\n")
        old = b"".join(iter(lambda: line.recv(65536), b""))
        s.check("HTTP/1.0 is answered, and closed", old.startswith(b"HTTP/1.") and b'"status"' in old, old[:200])


def read_answer(line, method="GET"):
    answer = http.client.HTTPResponse(line, method=method)
    answer.begin()
    return answer.status, answer.read()


class Reader:
    """A socket whose file is one for all answers: what was read ahead belongs to the next one."""

    def __init__(self, line):
        self.file = line.makefile("rb")
        self.file.close = lambda: None

    def makefile(self, *_):
        return self.file


def check_pipeline(s):
    fields = json.dumps({"input": "Hi.", "voice": "joe", "num_steps": 4}).encode()
    with socket.create_connection((s.host, s.port), timeout=30) as line:
        line.sendall(b"POST /v1/audio/speech HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                     b"Content-Length: %d\r\n\r\n%bGET /health HTTP/1.1\r\nHost: localhost\r\n\r\n" % (len(fields), fields))
        reader = Reader(line)
        first, second = read_answer(reader), read_answer(reader)
    s.check("two requests in one line: two answers, in order", first[0] == 200 and second[0] == 200 and
            b'"status"' not in first[1] and b'"status"' in second[1], (first[0], first[1][:80], second))


def check_expect(s):
    fields = json.dumps({"input": "Hi.", "voice": "joe", "num_steps": 4}).encode()
    with socket.create_connection((s.host, s.port), timeout=30) as line:
        line.sendall(b"POST /v1/audio/speech HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                     b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(fields))
        told = line.recv(1000)
        s.check("Expect: go on", told.startswith(b"HTTP/1.1 100"), told)
        line.sendall(fields)
        s.check("and the answer", read_answer(Reader(line), "POST")[0] == 200)
    with socket.create_connection((s.host, s.port), timeout=30) as line:
        line.sendall(b"POST /v1/audio/speech HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" +
                     b"".join(b"1\r\n%c\r\n" % c for c in fields) + b"0\r\n\r\n")
        s.check("a body in chunks of a byte", read_answer(Reader(line), "POST")[0] == 200)


def check_rubbish(s):
    """What is no request is refused or dropped, and the server lives on."""
    for data in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET\r\n\r\n", b"rubbish\r\n\r\n", b"\r\n" * 50,
                 b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 200000 + b"\r\n\r\n",
                 b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
                 b"POST /v1/audio/speech HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n",
                 b"POST /v1/audio/speech HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                 b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"):
        with socket.create_connection((s.host, s.port), timeout=10) as line:
            try:
                line.sendall(data)
                line.shutdown(socket.SHUT_WR)
                got = line.recv(4096)
            except OSError:
                got = b""
        s.check(f"no request: {data[:30]!r}", not got or re.match(rb"HTTP/1\.[01] 4\d\d", got), got[:100])
    for _ in range(30):
        with socket.create_connection((s.host, s.port), timeout=10) as line:
            line.sendall(b"POST /v1/audio/speech HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n{")
    s.good("and the server lives", s.speak(), "audio/mpeg")


def check_start(site, s):
    """What cannot be served is said in one line, at once."""
    def refused(name, status, pattern, *options):
        try:
            done = subprocess.run([site.path, "serve", *map(str, options)], capture_output=True, timeout=REFUSED_S,
                                  cwd=s.folder, env=s.program.env, check=False)
        except subprocess.TimeoutExpired:
            s.check(f"start: {name}", False, "it is taken")
            return
        s.check(f"start: {name}", done.returncode == status and is_one_line(done.stderr, pattern),
                f"exit {done.returncode}, {text(done.stderr)!r}")

    model = ("--model", site.model)
    refused("the port is taken", 1, str(s.port), *model, "--port", s.port)
    refused("a port that is none", 2, "port", *model, "--port", 99999)
    refused("a host that is none", 2, "host", *model, "--port", 0, "--host", "no.such.host.invalid")
    refused("no model", 1, "nowhere", "--model", os.path.join(s.folder, "nowhere"), "--port", 0)
    refused("an option that is none", 2, "--prot", *model, "--prot", 0)
    refused("an empty key", 2, "key", *model, "--port", 0, "--api-key", "")
    refused("an origin that is none", 2, "cors|origin", *model, "--port", 0, "--cors", "not an origin")
    s.check("by default only this machine is served", s.host == "127.0.0.1", s.host)
    with Server(site, "--log", "json") as other:
        other.get("/health")
        other.stop()
        lines = []
        for line in other.log:
            try:
                lines.append(json.loads(line))
            except ValueError:
                lines.append(None)
        s.check("the log in JSON: each line is an object", lines and all(isinstance(x, dict) for x in lines), other.log)
        s.check("and the first says where it listens", lines and lines[0] and
                [x for x in lines if x and x.get("event") == "listening" and x.get("url") == other.url], other.log[:3])


def check(site):
    with Server(site) as s:
        for part in (check_answers, check_spellings, check_methods, check_kept, check_pipeline, check_expect,
                     check_rubbish):
            part(s)
        check_keys(site, s)
        check_origins(site, s)
        check_start(site, s)
