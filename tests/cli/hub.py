# SPDX-License-Identifier: MIT
"""Models by name: fetched from a hub of our own, with all that goes wrong there; listed, verified, removed."""
import fcntl
import json
import os
import pty
import random
import re
import shutil
import signal
import struct
import subprocess
import termios
import threading
import time

from harness import TIMEOUT_S, is_one_line, read, text
from hub_server import Fault, Hub, Repository

BASE, CODEC, TUNED = "jordand/echo-tts-base", "jordand/fish-s1-dac-min", "anna/echo-tuned"
WEIGHTS, PCA = "pytorch_model.safetensors", "pca_state.safetensors"
MIB = 1 << 20


class Place:
    """A home of its own for each case."""

    def __init__(self, p, hub, name):
        # In memory, where that can be: what is synchronised with a disk takes seconds.
        where = "/dev/shm" if os.access("/dev/shm", os.W_OK) else p.folder
        self.p, self.hub, self.folder = p, hub, os.path.join(where, os.path.basename(p.folder), name)
        os.makedirs(self.folder)
        self.cache, self.data = os.path.join(self.folder, "cache"), os.path.join(self.folder, "data")
        self.env = {k: v for k, v in p.env.items() if not k.startswith("HF_") and "proxy" not in k.lower()}
        self.env.update(HF_ENDPOINT=hub.url, HF_HUB_CACHE=self.cache, XDG_DATA_HOME=self.data, ECHOTTS_HUB_BACKOFF="0.01")

    def run(self, *args, **variables):
        return self.p.run(*args, env=dict(self.env, **variables))

    def pull(self, *args, model="base", **variables):
        return self.run("pull", model, "--accept-license", *args, **variables)

    def start(self, *args):
        return subprocess.Popen(self.p.command(["pull", "base", "--accept-license", *args]), env=self.env, cwd=self.folder,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def repository(self, name):
        return os.path.join(self.cache, "models--" + name.replace("/", "--"))

    def blob(self, name, file):
        return os.path.join(self.repository(name), "blobs", self.hub.repositories[name].hash(file))

    def is_there(self, name):
        return os.path.isdir(self.repository(name))

    def is_whole(self, names=(BASE, CODEC)):
        """As Python's tools lay it out, and nothing else beside."""
        for name in names:
            r, folder = self.hub.repositories[name], self.repository(name)
            files = [f for f in r.files if f in (WEIGHTS, PCA, "echotts.json")]
            if sorted(os.listdir(os.path.join(folder, "blobs"))) != sorted(r.hash(f) for f in files):
                return False
            for f in files:
                path = os.path.join(folder, "snapshots", r.commit, f)
                if os.readlink(path) != f"../../blobs/{r.hash(f)}" or read(path) != r.files[f]:
                    return False
            if read(os.path.join(folder, "refs", "main")) != r.commit.encode():
                return False
        return True

    def good(self, name, done, names=(BASE, CODEC)):
        self.p.check(name, done.returncode == 0 and self.is_whole(names) and not self.hub.leaks,
                     f"exit {done.returncode}, {text(done.stderr)!r}, {self.hub.leaks} leaks")

    def refused(self, name, done, pattern, code=1):
        left = [f for _, _, fs in os.walk(self.cache) for f in fs if len(f) in (40, 64)]
        self.p.check(name, done.returncode == code and is_one_line(done.stderr, pattern) and not left,
                     f"exit {done.returncode}, {text(done.stderr)!r}, left {left}")


def some_bytes(n):
    return random.Random(n).randbytes(n)


def plain_hub():
    """Large enough for several parts; nobody computes with these."""
    base = Repository({WEIGHTS: some_bytes(5 * MIB + 1000), PCA: some_bytes(40000), "README.md": b"hello"}, [PCA, "README.md"])
    tuned = Repository({WEIGHTS: some_bytes(MIB), PCA: some_bytes(50000), "echotts.json": b"{}", "notes/x.json": b"{}",
                        "optimizer.safetensors": b"x", "../evil.safetensors": b"x"}, ["echotts.json", "notes/x.json"], "mit")
    tuned.revisions.add("v/1")
    return Hub({BASE: base, CODEC: Repository({WEIGHTS: some_bytes(3 * MIB)}), TUNED: tuned, "anna/other": Repository({"a.bin": b"x"})})


# ---- what works ----

def check_plain(p, hub):
    place = Place(p, hub, "plain")
    hub.reset()
    place.refused("no licence, no terminal", place.run("pull", "base"), "CC-BY-NC-SA-4.0.*--accept-license", 2)
    p.check("no licence: nobody was asked", not hub.requests)
    done = place.pull("--json", HF_TOKEN="hf_secret")
    place.good("pull", done)
    size = sum(len(hub.repositories[r].files[f]) for r, f in ((BASE, WEIGHTS), (BASE, PCA), (CODEC, WEIGHTS)))
    report = json.loads(done.stdout or b"{}")
    p.check("pull: report", report.get("fetched_bytes") == report.get("bytes") == size == hub.served and
            [f["was_there"] for f in report["files"]] == [False] * 3 and report["license"] == "CC-BY-NC-SA-4.0", report)
    p.check("pull: parts", hub.count("cdn", WEIGHTS) == 6 + 3 and not hub.count("hub", "README"), hub.requests)
    hub.reset()
    done = place.run("pull", "base", "--json")  # the licence is remembered
    place.good("pull again", done)
    p.check("pull again: nothing is fetched", not hub.served and json.loads(done.stdout)["fetched_bytes"] == 0)
    os.remove(os.path.join(place.repository(CODEC), "snapshots", hub.repositories[CODEC].commit, WEIGHTS))
    place.good("a link is gone", place.pull())
    p.check("a link is gone: nothing is fetched", not hub.served)
    done = place.run("models", "verify", "base")
    p.check("bytes of no model are not whole", done.returncode == 1 and is_one_line(done.stderr, "not whole"), text(done.stderr))


def check_environment(p, hub):
    place = Place(p, hub, "environment")
    hub.reset(token="hf_secret")
    os.makedirs(os.path.join(place.folder, "home"))
    with open(os.path.join(place.folder, "home", "token"), "w", encoding="ascii") as f:
        f.write("hf_secret\n")
    home = {"HF_HOME": os.path.join(place.folder, "home")}
    place.refused("token: none", place.pull(), "private.*HF_TOKEN")
    place.refused("token: wrong", place.pull(HF_TOKEN="hf_other", **home), "does not take the token of HF_TOKEN")
    place.refused("token: two words", place.pull(HF_TOKEN="a b"), "HF_TOKEN: this is no token", 2)
    place.refused("token: kept", place.pull(HF_HUB_DISABLE_IMPLICIT_TOKEN="1", **home), "HF_HUB_DISABLE_IMPLICIT_TOKEN")
    place.good("token: of a file", place.pull(**home))
    shutil.rmtree(place.cache)
    place.good("token: the older variable", place.pull(HUGGING_FACE_HUB_TOKEN=" hf_secret "))
    for name, value in (("HF_ENDPOINT", "hub.example"), ("HF_HUB_ETAG_TIMEOUT", "soon"), ("HF_HUB_DOWNLOAD_TIMEOUT", "-1")):
        done = place.run("pull", "base", **{name: value})
        p.check(f"{name}={value}", done.returncode == 2 and is_one_line(done.stderr, name), text(done.stderr))
    hub.reset()
    done = place.pull(HF_HUB_OFFLINE="1")
    p.check("offline: all is there", done.returncode == 1 and is_one_line(done.stderr, "HF_HUB_OFFLINE") and not hub.requests,
            text(done.stderr))  # these bytes are no model
    shutil.rmtree(place.cache)
    place.refused("offline: nothing is there", place.pull(HF_HUB_OFFLINE="YES"), "HF_HUB_OFFLINE is set.*echotts pull base")
    done = place.pull(HTTP_PROXY="http://127.0.0.1:1", http_proxy="http://127.0.0.1:1")
    place.refused("a proxy that is not there", done, "cannot be reached")
    p.check("a proxy: nobody was asked", not hub.requests, hub.requests)


def check_tuned(p, hub):
    place = Place(p, hub, "tuned")
    hub.reset()
    done = place.pull(model=TUNED)
    place.good("fine-tune", done, (TUNED, CODEC))
    p.check("fine-tune: its codec", is_one_line(done.stderr, "no codec of its own.*" + CODEC), text(done.stderr))
    p.check("fine-tune: only its files", not os.path.exists(place.repository(BASE)) and not hub.count("hub", "optimizer|notes|evil"))
    done = place.pull(model=TUNED + "@v/1")
    ref = os.path.join(place.repository(TUNED), "refs/v/1")
    p.check("fine-tune: a revision", done.returncode == 0 and read(ref) == hub.repositories[TUNED].commit.encode(), text(done.stderr))
    for name in (TUNED, "echo-tuned", TUNED + "@v/1"):
        done = place.run("models", "path", name)
        p.check(f"fine-tune: {name}", done.returncode == 0 and place.repository(TUNED) in text(done.stdout), text(done.stderr))
    for model, pattern, code in (("anna/other", "no Echo-TTS model", 1), ("anna/nobody", "no such repository", 1), ("bse", "no model is called so", 2),
                                 (TUNED + "@v2", "no revision 'v2'", 1), (TUNED + "@../x", "revision", 2), ("a/../b", "no model is called so", 2)):
        done = place.pull(model=model)
        p.check(f"fine-tune: {model}", done.returncode == code and is_one_line(done.stderr, pattern), text(done.stderr))


def answered(place, answer, *args):
    """The exit status and what was seen on a terminal, where somebody types an answer."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    run = subprocess.Popen(place.p.command(args), stdin=slave, stdout=subprocess.DEVNULL, stderr=slave, cwd=place.folder, env=place.env)
    os.close(slave)
    os.write(master, answer)
    seen = b""
    try:
        while data := os.read(master, 4096):
            seen += data
    except OSError:  # how Linux says that the other side is closed
        pass
    os.close(master)
    return run.wait(TIMEOUT_S), seen


def check_terminal(p, hub):
    place = Place(p, hub, "terminal")
    hub.reset()
    code, seen = answered(place, b"n\n", "pull", "base")
    p.check("terminal: no", code == 1 and b"CC-BY-NC-SA-4.0" in seen and b"was not accepted: nothing" in seen and not hub.requests, (code, seen))
    code, seen = answered(place, b"yes\n", "pull", "base")
    p.check("terminal: yes", code == 0 and place.is_whole() and re.search(rb"fetching .*/0.01 GB +[0-9.]+ MB/s", seen) and
            b"GB in" in seen.splitlines()[-1] and b"-m base" in seen.splitlines()[-1], (code, seen[-500:]))
    place.env["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    shutil.rmtree(place.cache)
    code, seen = answered(place, b"", "pull", "base")
    p.check("terminal: accepted for good, no bars", code == 0 and not seen, (code, seen))


def check_links(p, hub):
    place = Place(p, hub, "links")
    hub.reset()
    done = place.pull(HF_HUB_DISABLE_SYMLINKS="1")
    path = os.path.join(place.repository(BASE), "snapshots", hub.repositories[BASE].commit, WEIGHTS)
    p.check("no links: files", done.returncode == 0 and not os.path.islink(path) and
            read(path) == hub.repositories[BASE].files[WEIGHTS], text(done.stderr))
    hub.reset()
    done = place.pull()
    p.check("no links: found again", done.returncode == 0 and not hub.served, text(done.stderr))


# ---- what goes wrong there ----

def check_faults(p, hub):
    cases = [
        ("broken", [Fault("cdn", WEIGHTS, 6, cut=300000)]),
        ("busy", [Fault("cdn", WEIGHTS, 3, 503), Fault("hub", "HEAD", 2, 502), Fault("hub", "api", 2, 500)]),
        ("too many", [Fault("hub", "api", 1, 429, {"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"}), Fault("cdn", "", 1, 429)]),
        ("the address of the bytes has ended", [Fault("cdn", WEIGHTS, 2, 403)]),
        ("all connections stall", [Fault("cdn", BASE, 6, cut=0, hold=threading.Event())]),
        ("a stalled connection", [Fault("cdn", WEIGHTS, 1, cut=300000, hold=threading.Event())]),
    ]
    for name, faults in cases:
        place = Place(p, hub, name)
        hub.reset(*faults)
        done = place.pull(HF_TOKEN="hf_secret", HF_HUB_DOWNLOAD_TIMEOUT="0.5")
        place.good(name, done)
        p.check(f"{name}: it went wrong", not any(f.times for f in faults), [f.times for f in faults])
    for _, faults in cases[-2:]:
        faults[0].hold.set()
    place = Place(p, hub, "no ranges")
    hub.reset(ranges=False)
    place.good("no ranges", place.pull())
    place = Place(p, hub, "asked to wait")
    hub.reset(Fault("hub", "api", 1, 429, {"Retry-After": "1"}))
    began = time.monotonic()
    place.good("asked to wait", place.pull())
    p.check("asked to wait: it waits", time.monotonic() - began >= 1)


def check_refusals(p, hub):
    place = Place(p, hub, "refusals")
    gated = {"X-Error-Code": "GatedRepo"}
    cases = [
        ("gated", "accepted.*/jordand/echo-tts-base, then set HF_TOKEN", [Fault("hub", "HEAD", 1, 403, gated)]),
        ("gated, 401", "accepted", [Fault("hub", "HEAD", 1, 401, gated)]),
        ("forbidden", "403: not you", [Fault("hub", "api", 1, 403, {"X-Error-Message": "not you"})]),
        ("no file", "no file pytorch_model.safetensors", [Fault("hub", "HEAD", 1, 404, {"X-Error-Code": "EntryNotFound"})]),
        ("busy for ever", "status 503", [Fault("hub", "api", 99, 503)]),
        ("no bytes for ever", "again and again.*503", [Fault("cdn", "", 99, 503)]),
        ("broken for ever", "again and again", [Fault("cdn", "", 99, cut=0)]),
        ("a disk too small", r"1000000\.\d\d GB are needed", [Fault("hub", "HEAD.*echo-tts-base.*" + WEIGHTS, 1, size=10 ** 15)]),
        ("a length that is none", "bytes", [Fault("hub", "HEAD", 1, size=2 ** 63 - 1)]),
        ("longer than it says", "again and again", [Fault("hub", "HEAD", 1, size=9 * MIB)]),
    ]
    for name, pattern, faults in cases:
        hub.reset(*faults)
        place.refused(name, place.pull(), pattern)
        shutil.rmtree(place.cache, ignore_errors=True)
    hub.reset(Fault("cdn", WEIGHTS, 1, spoil=True))
    done = place.pull()
    place.good("a wrong checksum once", done)
    p.check("a wrong checksum once: said", is_one_line(done.stderr, "checksum is wrong: fetching it again"), text(done.stderr))
    shutil.rmtree(place.cache)
    hub.reset(Fault("cdn", WEIGHTS, 99, spoil=True))
    done = place.pull()
    p.check("a wrong checksum for ever", done.returncode == 1 and b"wrong twice" in done.stderr, text(done.stderr))
    p.check("a wrong checksum: nothing is kept", not os.listdir(os.path.join(place.repository(BASE), "blobs")))


# ---- interrupted, and several at once ----

def check_resume(p, hub):
    for name, number, code in (("killed", signal.SIGKILL, -9), ("Ctrl-C", signal.SIGINT, 130)):
        place, hold = Place(p, hub, name), threading.Event()
        hub.reset(Fault("cdn", "bytes|" + WEIGHTS, 1, cut=0, hold=hold), Fault("cdn", CODEC, 99, cut=0, hold=hold))
        run = place.start("--connections", "2")
        p.check(f"{name}: begun", wait_until(lambda: hub.served >= 4 * MIB))
        run.send_signal(number)
        _, told = run.communicate(timeout=TIMEOUT_S)
        hold.set()
        p.check(f"{name}: exit", run.returncode == code, (run.returncode, told))
        if number == signal.SIGINT:
            p.check("Ctrl-C: said", b"GB are kept: the same command goes on from there\n" in told, told)
        before = hub.served
        hub.reset()
        done = place.pull("--connections", "2")
        place.good(f"{name}: goes on", done)
        size = sum(len(hub.repositories[r].files[f]) for r, f in ((BASE, WEIGHTS), (BASE, PCA), (CODEC, WEIGHTS)))
        p.check(f"{name}: fetches what is missing", before + hub.served <= size + 3 * MIB, (before, hub.served, size))


def wait_until(true):
    end = time.monotonic() + TIMEOUT_S
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    return true()


def check_two(p, hub):
    place, hold = Place(p, hub, "two"), threading.Event()
    hub.reset(Fault("cdn", BASE, 1, cut=0, hold=hold))
    first = place.start()
    p.check("two: the first waits for the hub", hub.arrived.wait(TIMEOUT_S))
    second = place.start()
    line = second.stderr.readline()
    p.check("two: the second says what it waits for", b"another program is fetching " + WEIGHTS.encode() in line, line)
    done = place.run("models", "remove", "base", "--yes")
    p.check("two: nobody removes it meanwhile", done.returncode == 1, text(done.stderr))
    hold.set()
    codes = [r.wait(TIMEOUT_S) for r in (first, second)]
    size = sum(len(hub.repositories[r].files[f]) for r, f in ((BASE, WEIGHTS), (BASE, PCA), (CODEC, WEIGHTS)))
    p.check("two: both are done, and fetched it once", codes == [0, 0] and place.is_whole() and hub.served == size,
            (codes, hub.served, size))
    for r in (first, second):
        r.communicate()
    shutil.rmtree(place.repository(CODEC))
    path = os.path.join(place.cache, ".locks", "models--" + CODEC.replace("/", "--"), hub.repositories[CODEC].hash(WEIGHTS) + ".lock")
    with open(path, "w", encoding="ascii") as lock:  # as filelock does
        fcntl.flock(lock, fcntl.LOCK_EX)
        run = place.start()
        line = run.stderr.readline()
        p.check("a lock of Python's", b"another program is fetching" in line, line)
    p.check("a lock of Python's: released", run.wait(TIMEOUT_S) == 0 and place.is_whole())
    run.communicate()


# ---- a model that speaks ----

def check_named(p):
    tiny = {n: read(os.path.join(p.model("tiny"), n + ".safetensors")) for n in ("echo", "dac", "pca")}
    hub = Hub({BASE: Repository({WEIGHTS: tiny["echo"], PCA: tiny["pca"]}), CODEC: Repository({WEIGHTS: tiny["dac"]}),
               TUNED: Repository({WEIGHTS: tiny["echo"], PCA: tiny["pca"]})})
    place = Place(p, hub, "named")
    unknown = place.run("info", "-m", "base")
    p.check("base is not here", unknown.returncode == 1 and is_one_line(unknown.stderr, "echotts pull base"), text(unknown.stderr))
    done = place.pull("--pack", "int8", "--json")
    place.good("named: pull and pack", done)
    packed = os.path.join(place.data, "echotts/models/base-int8.echo")
    p.check("named: packed", json.loads(done.stdout or b"{}").get("packed") == packed and os.path.exists(packed), done.stdout)
    os.makedirs(os.path.join(place.cache, "models--other--thing", "snapshots", "0" * 40))
    place.pull(model=TUNED)
    for name, where in (("base", place.cache), ("base-int8", packed), (TUNED, place.repository(TUNED)), ("small", "models/small")):
        done = place.run("info", "-m", name, "--json")
        p.check(f"named: -m {name}", done.returncode == 0 and where in json.loads(done.stdout)["model"]["echo_file"], text(done.stderr))
    done = place.run("models", "list", "--json")
    listed = {m["name"]: m for m in json.loads(done.stdout)}
    p.check("named: list", sorted(listed) == sorted([TUNED, "base", "base-int8", "small"]) and all(m["whole"] for m in listed.values()), listed)
    p.check("named: list, sizes", listed["base"]["bytes"] == sum(map(len, tiny.values())) and listed["base-int8"]["precision"] == "int8")
    wrong = place.run("say", "x", "-m", "bsae", "-o", "x.wav")
    p.check("named: a wrong name", wrong.returncode == 1 and is_one_line(wrong.stderr, "there are: base-int8, base, anna/echo-tuned, small"),
            text(wrong.stderr))
    hub.reset()
    done = place.pull("--pack", "bf16", "-o", "mine.echo", model=BASE, HF_HUB_OFFLINE="1")  # another name of base
    p.check("named: offline", done.returncode == 0 and is_one_line(done.stderr, "not asked for a newer one") and not hub.requests and
            os.path.exists(p.file("mine.echo")), text(done.stderr))
    check_verify(p, place)
    check_remove(p, place, packed)
    hub.close()


def check_verify(p, place):
    done = place.run("models", "verify", "base", "--json")
    p.check("verify: base", done.returncode == 0 and json.loads(done.stdout)["checksums"] == 3, text(done.stderr))
    p.check("verify: packed", place.run("models", "verify", "base-int8").returncode == 0)
    with open(place.blob(CODEC, WEIGHTS), "r+b") as f:
        f.seek(9000000)
        f.write(b"damage")
    for name in ("base", TUNED):
        done = place.run("models", "verify", name)
        p.check(f"verify: damage in {name}", done.returncode == 1 and is_one_line(done.stderr, "checksum is wrong"), text(done.stderr))


def check_remove(p, place, packed):
    done = place.run("models", "remove", "base")
    p.check("remove: unasked", done.returncode == 2 and is_one_line(done.stderr, "--yes") and place.is_there(BASE), text(done.stderr))
    code, seen = answered(place, b"n\n", "models", "remove", "base")
    p.check("remove: no", code == 1 and b"it stays" in seen and place.is_there(BASE), (code, seen))
    done = place.run("models", "remove", "base", "--yes")
    p.check("remove: base", done.returncode == 0 and not place.is_there(BASE) and place.is_there(CODEC) and place.is_there(TUNED) and
            b"a fine-tune needs it" in done.stderr, text(done.stderr))
    done = place.run("info", "-m", "base", "--json")
    p.check("remove: the packed one is left", done.returncode == 0 and packed in text(done.stdout), text(done.stderr))
    done = place.run("models", "remove", "base", "--yes")
    p.check("remove: it is not meant", done.returncode == 2 and is_one_line(done.stderr, "name base-int8") and os.path.exists(packed), text(done.stderr))
    old = os.path.join(place.repository(TUNED), "snapshots", "f" * 40)  # of another commit, with one file in common
    os.makedirs(old)
    weights = os.path.basename(place.blob(TUNED, WEIGHTS))
    os.symlink("../../blobs/" + weights, os.path.join(old, WEIGHTS))
    victim = os.path.join(place.folder, "victim")
    with open(victim, "w", encoding="ascii") as f:
        f.write("mine")
    os.symlink(victim, os.path.join(place.repository(TUNED), "snapshots", place.hub.repositories[TUNED].commit, "far"))
    done = place.run("models", "remove", TUNED + "@main", "--yes")
    blobs = os.listdir(os.path.join(place.repository(TUNED), "blobs")) if place.is_there(TUNED) else None
    p.check("remove: a snapshot, and not what is shared", done.returncode == 0 and blobs == [weights], (text(done.stderr), blobs))
    for name, left in ((BASE, False), ("other/thing", True)):
        p.check(f"remove: {name}", place.is_there(name) == left)
    p.check("remove: no link is followed", os.path.exists(victim))
    done = place.run("models", "remove", "base-int8", "--yes")
    p.check("remove: packed", done.returncode == 0 and not os.path.exists(packed), text(done.stderr))
    for name, pattern in (("small", "stays"), ("nobody", "no model of this name")):
        done = place.run("models", "remove", name, "--yes")
        p.check(f"remove: {name}", done.returncode != 0 and is_one_line(done.stderr, pattern), text(done.stderr))


def check(p):
    can = p.run("pull", "base", "--accept-license", env=dict(p.env, HF_ENDPOINT="http://127.0.0.1:1", ECHOTTS_HUB_BACKOFF="0.01"))
    if b"without libcurl" in can.stderr:
        p.check("no libcurl: said", can.returncode == 1 and is_one_line(can.stderr, "libcurl4-openssl-dev"))
        return
    try:
        check_all(p)
    finally:
        shutil.rmtree(os.path.join("/dev/shm", os.path.basename(p.folder)), ignore_errors=True)


def check_all(p):
    hub = plain_hub()
    for section in (check_plain, check_environment, check_tuned, check_terminal, check_links, check_faults, check_refusals, check_resume, check_two):
        section(p, hub)
    hub.close()
    check_named(p)
