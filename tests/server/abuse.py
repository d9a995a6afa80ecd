# SPDX-License-Identifier: MIT
"""Clients that mean harm, or know no better: malformed requests, floods, silence, paths, sounds; the server lives on."""
import concurrent.futures
import http.client
import json
import os
import re
import resource
import socket
import subprocess
import time
import urllib.parse

import gauges
import malformed
from harness import read
from serving import QUICK, SPEECH, Server, multipart
from voices import PATH as VOICES, add, files_under, path_of

SANITIZED = bool(os.environ.get("TEST_SANITIZED"))
MALFORMED = int(os.environ.get("TEST_MALFORMED", "1000" if SANITIZED else "10000"))  # requests; always the same ones
BODY = int(os.environ.get("TEST_BODY_MIB", "128" if SANITIZED else "1024")) << 20   # sent, and refused
AT_ONCE = 8
PATIENCE_S = 60
SILENCE_S = 0.05    # after which nothing is awaited that is not owed
GROWN = (24 << 20) * (16 if SANITIZED else 1)  # bytes of memory that are no leak; a sanitizer keeps what is freed
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")
TEXT = "The boat with two sails was seen near the harbour in the morning, and nobody knew why. " * (1 if SANITIZED else 4)
KEY = "sk-0123456789abcdef"


def line_to(s, room=0):
    line = socket.socket()
    if room:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    line.settimeout(PATIENCE_S)
    line.connect((s.host, s.port))
    return line


def told(line, patience=PATIENCE_S):
    """All that comes until the end, or until nothing more comes; what a broken connection still brought."""
    got = []
    line.settimeout(patience)
    try:
        while part := line.recv(65536):
            got.append(part)
    except (ConnectionError, TimeoutError):
        pass
    return b"".join(got)


def exchange(s, data, owed=True):
    """What is answered to these bytes.  Where no answer is owed, nobody waits long for one."""
    with line_to(s) as line:
        try:
            line.sendall(data)
            if not owed:
                line.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # refused before its end
        return told(line, PATIENCE_S if owed else SILENCE_S)


def is_well(s, name):
    answer = s.get("/health")
    s.check(f"{name}: it is well", answer.status == 200 and s.process.poll() is None, answer.told())


# ---- malformed requests ----

def judge(s, seed):
    """None, or what is wrong with the answer to a request that is wrong."""
    kind, data, owed, right = malformed.made(seed)
    try:
        got = [int(x) for x in STATUS.findall(exchange(s, data, owed))]
    except OSError as e:
        return f"{kind} {seed}: {e!r} after {data[:300]!r}"
    good = got[:right] == [200] * min(right, len(got)) and (len(got) > right or not owed)
    future = kind == "line" and re.search(rb"HTTP/(2|11)\.", data)  # 505 is what HTTP wants
    if good and all(400 <= x < 500 or (x == 505 and future) for x in got[right:]):
        return None
    return f"{kind} {seed}: {got} after {data[:300]!r}"


def check_malformed(s):
    s.speak()
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        first = list(pool.map(lambda i: judge(s, i), range(MALFORMED // 4)))
        time.sleep(4)
        before = gauges.resident(s), gauges.files(s)
        rest = list(pool.map(lambda i: judge(s, i), range(MALFORMED // 4, MALFORMED)))
    wrong = [x for x in first + rest if x]
    for why in wrong[:20]:
        s.check("malformed", False, why)
    s.check(f"{MALFORMED} malformed requests: each is refused", not wrong, len(wrong))
    s.check("they leave nothing to do", s.is_idle(5), s.load())
    time.sleep(4)  # until those are let go that only half closed
    after = gauges.resident(s), gauges.files(s)
    s.check("they cost no memory", after[0] <= before[0] + GROWN, (before, after))
    s.check("nor files", after[1] <= before[1] + 2, (before, after))
    is_well(s, "after them")


# ---- too much ----

def send_body(s, name, head, block, times, most, *fields):
    """A body that is refused, but sent to its end."""
    with gauges.Memory(s, 0.02) as memory, line_to(s) as line:
        line.sendall(head.encode() + b"".join(f"\r\n{x}".encode() for x in fields) + b"\r\n\r\n")
        try:
            for _ in range(times):
                line.sendall(block)
            line.sendall(b"0\r\n\r\n" if fields else b"")
        except OSError:
            pass
        got = STATUS.findall(told(line))
    s.check(f"{name}: refused", got[:1] == [b"413"], got)
    s.check(f"{name}: memory does not grow", max(memory.seen) <= memory.seen[0] + most,
            (memory.seen[0] >> 20, max(memory.seen) >> 20))


def check_bodies(s):
    head = f"POST {SPEECH} HTTP/1.1\r\nHost: localhost\r\nConnection: close"
    with line_to(s) as line:
        line.sendall(f"{head}\r\nContent-Length: {1 << 30}\r\nExpect: 100-continue\r\n\r\n".encode())
        began = time.monotonic()
        got = line.recv(4096)
        s.check("a body of 1 GiB that waits for a word is refused before it is sent",
                STATUS.findall(got) == [b"413"] and time.monotonic() - began < 2, got)
    block = b" " * (1 << 20)
    send_body(s, "a long body, declared", f"{head}\r\nContent-Length: {BODY}", block, BODY >> 20, GROWN // 4)
    limit = s.get("/v1/parameters").json()["limits"]["max_upload"]
    send_body(s, "a long body, in chunks", head, b"%x\r\n%b\r\n" % (len(block), block), BODY >> 20, limit + GROWN,
              "Transfer-Encoding: chunked")
    is_well(s, "after long bodies")


def flood(s, what):
    """A header without an end: what is answered, and how many bytes of it were taken."""
    sent = 0
    with line_to(s) as line:
        try:
            line.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n")
            while sent < 16 << 20:
                line.sendall(what)
                sent += len(what)
        except OSError:
            pass
        return sent, STATUS.findall(told(line))


def check_floods(s):
    before = gauges.resident(s)
    for what in (b"X-A: b\r\n" * 1000, b"x" * 8000, b"X: y\r\n folded\r\n" * 500, b"Cookie: a=b\r\n" * 600):
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            got = list(pool.map(lambda _, what=what: flood(s, what), range(AT_ONCE)))
        s.check(f"a flood of {what[:8]!r} is cut off", all(sent < 16 << 20 and all(x[:1] == b"4" for x in answers)
                                                           for sent, answers in got), got)
    s.check("floods cost no memory", gauges.resident(s) <= before + GROWN, (before, gauges.resident(s)))
    is_well(s, "after floods")


# ---- silence ----

def closed_within(lines, seconds):
    """How many of the connections are ended from the other side."""
    end, left = time.monotonic() + seconds, list(lines)
    for line in left:
        line.setblocking(False)
    while left and time.monotonic() < end:
        for line in list(left):
            try:
                if not line.recv(4096):
                    left.remove(line)
            except BlockingIOError:
                pass
            except OSError:
                left.remove(line)
        time.sleep(0.05)
    return len(lines) - len(left)


def check_silence(site):
    """Many that say nothing, or a byte now and then."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, limits[1]), limits[1]))
    with Server(site, "--timeout", "3") as s:
        s.speak()
        slow, end = [line_to(s) for _ in range(200)], time.monotonic() + 10
        idle = [line_to(s) for _ in range(300)]
        for line in slow:
            line.sendall(b"GET /health HTTP/1.1\r\nX: ")
        for name, answer in (("others are served", s.get("/health")), ("and spoken to", s.speak())):
            s.check(f"200 that dribble, 300 that are silent: {name}", answer.status == 200 and answer.seconds < 10,
                    (answer.status, answer.seconds))
        alive = slow
        while alive and time.monotonic() < end:
            alive = [line for line in alive if dribble(line)]
            time.sleep(0.2)
        s.check("who dribbles is cut off", not alive, len(alive))
        s.check("who is silent, too", closed_within(idle, 8) == len(idle))
        for line in slow + idle:
            line.close()
        many = [line_to(s) for _ in range(1200)]  # more than there is room for
        time.sleep(3.5)
        answer = s.get("/health")
        s.check("after more than there is room for, others are served again", answer.status == 200 and
                answer.seconds < 8, (answer.status, answer.seconds))
        for line in many:
            line.close()
        time.sleep(1)
        s.check("no connection is kept", [x for x in s.get("/metrics").body.decode().splitlines()
                                          if x.startswith("echotts_connections ")] == ["echotts_connections 1"])
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def dribble(line):
    """A byte more; False: nobody takes it."""
    try:
        line.send(b"x")
        return True
    except OSError:
        return False


# ---- clients that die, clients that do not read ----

def check_deaths(s):
    before = gauges.files(s)
    body = json.dumps({"input": TEXT, "voice": "joe", **QUICK, "stream": True, "response_format": "wav"})
    for i in range(6):
        with subprocess.Popen(["curl", "-sN", "--json", body, s.url + SPEECH], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as curl:
            s.check("a stream begins", len(curl.stdout.read(1000)) == 1000)
            time.sleep(0.05 * i)
            curl.kill()
    s.check("clients that are killed: nothing goes on", s.is_idle(5), s.load())
    time.sleep(0.2)
    s.check("nor is a file left", gauges.files(s) <= before, (before, gauges.files(s)))
    is_well(s, "after deaths")


def check_slow_readers(s):
    fields = {"input": TEXT, "voice": "joe", **QUICK, "seed": 1, "response_format": "pcm",
              "sample_rate": 48000, "stream": True}
    want = s.post(SPEECH, fields).body
    body = json.dumps(fields).encode()
    before, lines = gauges.resident(s), []
    for _ in range(2):
        lines.append(line_to(s, 4096))
        lines[-1].sendall(malformed.request("POST", SPEECH, body, "Content-Type: application/json"))
    s.check("who does not read keeps no worker", s.is_idle(PATIENCE_S), s.load())
    s.check("nor memory", gauges.resident(s) <= before + GROWN, (before, gauges.resident(s)))
    for line in lines:
        answer = http.client.HTTPResponse(line)
        answer.begin()
        got = answer.read()
        s.check("and gets all at last", got == want, (len(got), len(want)))
        line.close()


# ---- paths, keys, sounds ----

def steps_up(target):
    """Ways to write a path that leads out of a folder."""
    plain = "../" * 8 + target
    quoted = urllib.parse.quote(plain, safe="")
    yield from (plain, "/" + target, "./" + plain, quoted, quoted.lower(), quoted.replace("%2F", "/"), quoted.replace(".", "%2e"),
                quoted.replace(".", "%2e").replace("%2F", "/"), urllib.parse.quote(quoted), plain.replace("/", "\\"),
                plain.replace("/", "%5c"), plain.replace("../", "....//"), plain.replace("..", "..;"), plain + "%00.js",
                plain.replace(".", "%c0%ae"), plain.replace("/", "%c0%af"), plain.replace(".", "\uff0e"), "file://" + target)


def check_paths(s):
    secret = os.path.join(os.path.dirname(s.folder), "secret.wav")
    marker = b"nobody may read this"
    with open(secret, "wb") as f:
        f.write(marker + read(s.site.clip()))
    around = os.path.dirname(s.folder)
    before = files_under(around)
    document = s.get("/openapi.json").json()
    routes = [re.sub(r"\{\w+\}", "", path).rstrip("/") for path in document["paths"]]
    routes += ["", "/index.html", "/v1", "/page", SPEECH]
    wrong = []
    for target in (secret.lstrip("/"), "etc/passwd"):
        for way in steps_up(target):
            for route in routes:
                for method in ("GET", "DELETE"):
                    got = exchange(s, malformed.request(method, f"{route}/{way}", b"", "Connection: close"))
                    if marker in got or b"root:" in got or not all(400 <= int(x) < 500 for x in STATUS.findall(got)):
                        wrong.append((method, route, way, got[:100]))
            answer = s.speak(voice=way)
            if not 400 <= answer.status < 500:
                wrong.append(("voice", way, answer.told()))
    s.check("no path leads out of its folder", not wrong, wrong[:5])
    for name in ("../../evil.wav", "/tmp/evil.wav", "..%2fevil.wav", "a\\..\\evil.wav"):
        answer = s.upload("/v1/audio/convert", [("file", name, read(s.site.clip())), ("response_format", "wav")])
        s.check(f"a file's name is no path: {name}", answer.status == 200, answer.told())
    s.check("no file came or went", files_under(around) == before, set(files_under(around)) ^ set(before))
    os.remove(secret)


def check_keys(site):
    """Wrong keys of all lengths, and each that is wrong in one place.  access.c compares all bytes of each."""
    near = [KEY[:i] + chr(ord(KEY[i]) ^ 1) + KEY[i + 1:] for i in range(len(KEY))]
    same = [(KEY * 20)[:n] for n in range(200) if n != len(KEY)]  # right as far as it goes, and over again
    with Server(site, key=KEY) as s:
        talk, taken = s.connection(), []
        for key in [*near, *same, *("x" * n for n in range(200)), KEY + " x", KEY + "\t", "x" * 30000]:
            talk.request("GET", "/v1/parameters", headers={"Authorization": f"Bearer {key}"})
            answer = talk.getresponse()
            answer.read()
            if answer.status != 401 and not key.rstrip() == KEY:
                taken.append((key[:60], answer.status))
        talk.close()
        s.check("wrong keys of all lengths", not taken, taken[:5])
        s.good("and the right one", s.get("/v1/parameters"), "application/json")


def check_sounds(s):
    folder = os.path.join(s.site.data, "reports", "audio")
    names = sorted(os.listdir(folder))
    s.check("there are sounds", len(names) >= 30, folder)
    for name in names:
        answer = add(s, "Sound", read(os.path.join(folder, name)), file_name=name)
        s.check(f"{name} as a voice", answer.status == 201 or
                (400 <= answer.status < 500 and answer.error.get("message")), answer.told())
        if answer.status == 201:
            s.good(f"{name}: it goes", s.ask("DELETE", path_of("Sound")))
        else:
            body, kind = multipart([("file", name, read(os.path.join(folder, name)))])
            other = s.ask("POST", "/v1/audio/convert", body, {"Content-Type": kind})
            s.check(f"{name} to be converted", other.status == 200 or 400 <= other.status < 500, other.told())
    s.check("none is left", all(v["source"] != "library" for v in s.get(VOICES).json()["voices"]))
    is_well(s, "after them")


def check(site):
    with Server(site) as s:
        for part in (check_malformed, check_bodies, check_floods, check_deaths, check_slow_readers, check_paths,
                     check_sounds):
            began = time.monotonic()
            part(s)
            if os.environ.get("TEST_TIMES"):
                print(f"  {part.__name__}: {time.monotonic() - began:.1f} s", flush=True)
    check_silence(site)
    check_keys(site)
