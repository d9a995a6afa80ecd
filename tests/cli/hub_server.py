# SPDX-License-Identifier: MIT
"""A hub to be fetched from: an API, small files, and large ones on another host; and its faults."""
import hashlib
import json
import re
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STEP = 1 << 16  # bytes sent at once


class Repository:
    def __init__(self, files, small=(), license_=None):
        self.files, self.small, self.license = files, set(small), license_
        self.commit = hashlib.sha1(repr(sorted((n, len(b)) for n, b in files.items())).encode()).hexdigest()
        self.revisions = {"main", self.commit}

    def hash(self, name):
        data = self.files[name]
        if name in self.small:
            return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
        return hashlib.sha256(data).hexdigest()


class Fault:
    """What goes wrong with the next `times` requests whose "METHOD path" matches; host: "hub" or "cdn"."""

    def __init__(self, host, pattern, times=1, status=0, headers=None, cut=None, spoil=False, hold=None, size=None):
        self.host, self.pattern, self.times = host, pattern, times
        self.status, self.headers, self.cut, self.spoil = status, headers or {}, cut, spoil
        self.hold, self.size = hold, size  # an event that is waited for behind the cut


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Programs that are killed leave broken connections."""


class Hub:
    def __init__(self, repositories):
        self.repositories = repositories
        self.lock = threading.Lock()
        self.reset()
        self.servers = {}
        for host in ("hub", "cdn"):
            handler = type("Handler", (Handler,), {"hub": self, "host": host})
            server = Server(("127.0.0.1", 0), handler)
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
            self.servers[host] = server
        self.url = f"http://127.0.0.1:{self.servers['hub'].server_port}"
        self.cdn = f"http://localhost:{self.servers['cdn'].server_port}"

    def reset(self, *faults, ranges=True, token=None):
        with self.lock:
            self.faults, self.ranges, self.token = list(faults), ranges, token
            self.requests, self.served, self.leaks = [], 0, 0
            self.arrived = threading.Event()  # somebody waits at a fault's event

    def fault(self, host, line):
        with self.lock:
            for f in self.faults:
                if f.host == host and f.times > 0 and re.search(f.pattern, line):
                    f.times -= 1
                    return f
        return None

    def count(self, host, pattern=""):
        with self.lock:
            return sum(1 for h, line in self.requests if h == host and re.search(pattern, line))

    def close(self):
        for server in self.servers.values():
            server.shutdown()
            server.server_close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, headers=None, body=b""):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        line = f"{self.command} {self.path}"
        token = self.headers.get("Authorization")
        with self.hub.lock:
            self.hub.requests.append((self.host, line))
            if self.host == "cdn" and token:
                self.hub.leaks += 1
        try:
            fault = self.hub.fault(self.host, line)
            if fault and fault.status:
                self.answer(fault.status, fault.headers, b"no")
            elif self.hub.token and self.host == "hub" and token != f"Bearer {self.hub.token}":
                self.answer(401, {"X-Error-Code": "RepoNotFound"})
            else:
                self.serve(fault)
        except (ConnectionError, BrokenPipeError):
            self.close_connection = True

    def serve(self, fault):
        path = urllib.parse.unquote(self.path.partition("?")[0])
        api = re.fullmatch(r"/api/models/([^/]+/[^/]+)/revision/(.+)", path)
        file = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
        name = api or file
        repository = self.hub.repositories.get(name[1]) if name else None
        if not repository:
            self.answer(404, {"X-Error-Code": "RepoNotFound"})
        elif name[2] not in repository.revisions:
            self.answer(404, {"X-Error-Code": "RevisionNotFound"})
        elif api:
            about = {"sha": repository.commit, "siblings": [{"rfilename": n} for n in repository.files],
                     "cardData": {"license": repository.license} if repository.license else {}}
            self.answer(200, {"Content-Type": "application/json"}, json.dumps(about).encode())
        elif file[3] not in repository.files:
            self.answer(404, {"X-Error-Code": "EntryNotFound"})
        elif self.host == "hub" and file[3] not in repository.small:
            size = fault.size if fault and fault.size else len(repository.files[file[3]])
            self.answer(302, {"X-Repo-Commit": repository.commit, "X-Linked-Size": size, "ETag": '"other"',
                              "X-Linked-Etag": f'"{repository.hash(file[3])}"', "Location": self.hub.cdn + self.path})
        else:
            self.send_file(repository.files[file[3]],
                           {"X-Repo-Commit": repository.commit, "ETag": f'W/"{repository.hash(file[3])}"'}, fault)

    def send_file(self, data, headers, fault):
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", "")) if self.hub.ranges else None
        first, last = (int(wanted[1]), min(int(wanted[2]), len(data) - 1)) if wanted else (0, len(data) - 1)
        self.send_response(206 if wanted else 200)
        for name, value in headers.items():
            self.send_header(name, value)
        if wanted:
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
        self.send_header("Content-Length", str(last + 1 - first))
        self.end_headers()
        if self.command == "HEAD":
            return
        body = memoryview(data)[first:last + 1]
        if fault and fault.spoil:
            body = bytes(len(body))
        for at in range(0, len(body), STEP):
            if fault and fault.cut is not None and at >= fault.cut:
                if fault.hold:
                    self.hub.arrived.set()
                    fault.hold.wait(60)
                self.close_connection = True
                return
            self.wfile.write(body[at:at + STEP])
            with self.hub.lock:
                self.hub.served += len(body[at:at + STEP])
