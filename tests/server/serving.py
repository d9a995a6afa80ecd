# SPDX-License-Identifier: MIT
"""A running server, and what it answers."""
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from harness import Program

START_S = 60  # a sanitizer is slow
STOP_S = 30
ANSWER_S = 120
READY = re.compile(r"listening.*http://([^:/]+):(\d+)|\"http://([^:/]+):(\d+)\".*listening")
WYOMING = re.compile(r"tcp://[^:/]+:(\d+)")
SPEECH = "/v1/audio/speech"
KEYS = {"message", "type", "param", "code"}

# Few steps are enough for whatever is not about how it sounds.
QUICK = {"num_steps": 2, "retakes": 0}
CODEC = ("--codec-precision", "bf16")  # most of the time goes into decoding


class Answer:
    def __init__(self, status, headers, body, seconds):
        self.status, self.headers, self.body, self.seconds = status, headers, body, seconds

    def header(self, name):
        return self.headers.get(name)

    @property
    def type(self):
        return (self.header("Content-Type") or "").partition(";")[0].strip().lower()

    def json(self):
        """The body as JSON; None where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def error(self):
        """Its "error" object, or an empty one where it is not as it should be."""
        about = self.json()
        error = about.get("error") if isinstance(about, dict) else None
        return error if isinstance(error, dict) and KEYS <= set(error) else {}

    def told(self):
        """For the line of a failed case."""
        return f"{self.status} {self.type} {self.body[:300]!r}"


def as_answer(response, began):
    return Answer(response.status, response.headers, response.read(), time.monotonic() - began)


class Server:
    """The program as `serve`, in a folder of its own, on a free port of this machine."""

    def __init__(self, site, *options, voices=None, key=None, env=None):
        self.site, self.tally, self.key = site, site.tally, key
        self.folder = tempfile.mkdtemp(prefix="served-", dir=site.folder)
        self.voices = voices or os.path.join(self.folder, "voices")
        self.program = Program(site.path, site.data, self.folder, site.tally)
        keyed = ("--api-key", key) if key else ()
        self.command = self.program.command(
            ("serve", "--port", 0, "--model", site.model, "--voices", self.voices, *CODEC, *keyed, *options))
        self.log, self.nameless = [], []
        self.process = subprocess.Popen(self.command, cwd=self.folder, env={**self.program.env, **(env or {})},
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE)
        self.listening = threading.Event()
        self.reader = threading.Thread(target=self.read_log, daemon=True)
        self.reader.start()
        self.listening.wait(START_S)
        found = [m for m in map(READY.search, self.log) if m]
        if not found:
            self.process.kill()
            raise RuntimeError(f"no server: exit {self.process.wait()}, {self.log}")
        self.host, self.port = found[0][1] or found[0][3], int(found[0][2] or found[0][4])
        self.url = f"http://{self.host}:{self.port}"
        ports = [m for m in map(WYOMING.search, self.log) if m]
        self.wyoming = int(ports[0][1]) if ports else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        self.tally.check("every answer has an X-Request-Id", not self.nameless, self.nameless[:5])
        shutil.rmtree(self.folder, ignore_errors=True)

    def read_log(self):
        for line in self.process.stderr:
            self.log.append(line.decode("utf-8", "replace").rstrip("\n"))
            if READY.search(self.log[-1]):
                self.listening.set()
        self.listening.set()

    def stop(self, number=signal.SIGTERM):
        """(exit status, seconds it took); it is made to end where it does not."""
        began = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            status = self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.reader.join(5)
        return status, time.monotonic() - began

    # ---- asking ----

    def connection(self):
        return http.client.HTTPConnection(self.host, self.port, timeout=ANSWER_S)

    def ask(self, method, path, body=None, headers=None, authorized=True):
        """One request over a connection of its own."""
        headers = dict(headers or {})
        if self.key and authorized:
            headers.setdefault("Authorization", f"Bearer {self.key}")
        talk, began = self.connection(), time.monotonic()
        try:
            talk.request(method, path, body, headers)
            answer = as_answer(talk.getresponse(), began)
        finally:
            talk.close()
        self.seen(answer, f"{method} {path}")
        return answer

    def seen(self, answer, name):
        if not answer.header("X-Request-Id"):
            self.nameless.append(f"{name}: {answer.status}")

    def get(self, path, **more):
        return self.ask("GET", path, **more)

    def post(self, path, fields, headers=None):
        return self.ask("POST", path, json.dumps(fields),
                        {"Content-Type": "application/json", **(headers or {})})

    def speak(self, text="Hello there.", **fields):
        return self.post(SPEECH, {"input": text, "voice": "joe", **QUICK, **fields})

    def upload(self, path, parts):
        body, kind = multipart(parts)
        return self.ask("POST", path, body, {"Content-Type": kind})

    def load(self):
        """Speeches that wait or are worked on, by the metrics."""
        told = self.get("/metrics").body.decode()
        return sum(float(line.split()[1]) for line in told.splitlines()
                   if line.startswith(("echotts_queue_depth ", "echotts_running ")))

    def is_idle(self, seconds):
        """Does it become idle within so many seconds?"""
        until = time.monotonic() + seconds
        while self.load():
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
        return True

    # ---- checking ----

    def check(self, name, good, why=""):
        return self.tally.check(name, good, why)

    def good(self, name, answer, kind=None, status=200):
        """An answer as it should be; else a failed case."""
        return self.check(name, answer.status == status and kind in (None, answer.type), answer.told())

    def refused(self, name, answer, status=400, param=None, pattern=""):
        """An error in the form that clients of OpenAI read: one line, and the field at fault."""
        error = answer.error
        line = error.get("message") or ""
        statuses = status if isinstance(status, tuple) else (status,)
        self.check(name, answer.status in statuses and answer.type == "application/json" and
                   isinstance(error.get("type"), str) and line.strip() and "\n" not in line and
                   param in (None, error.get("param")) and re.search(pattern, line), answer.told())


class Site:
    """What all servers of a run have in common."""

    def __init__(self, path, model, data, folder, tally):
        self.path, self.model, self.data = path, model, data
        self.folder, self.tally = folder, tally

    def clip(self, name="joe"):
        return os.path.join(self.model, f"{name}.wav")


def multipart(parts):
    """(body, content type) of a form; a part is (name, value) or (name, file name, bytes)."""
    edge, body = "----edge-of-the-form", b""
    for part in parts:
        name, value = part[0], part[-1]
        line = f'form-data; name="{name}"'
        if len(part) == 3:
            line += f'; filename="{part[1]}"\r\nContent-Type: application/octet-stream'
        value = value if isinstance(value, bytes) else str(value).encode()
        body += f"--{edge}\r\nContent-Disposition: {line}\r\n\r\n".encode() + value + b"\r\n"
    return body + f"--{edge}--\r\n".encode(), f"multipart/form-data; boundary={edge}"


def all_at_once(*calls):
    """The results of functions that run beside each other; what one raises is its result."""
    results = [None] * len(calls)

    def run(i):
        try:
            results[i] = calls[i]()
        except Exception as e:  # pylint: disable=broad-except
            results[i] = e

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(calls))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return results
