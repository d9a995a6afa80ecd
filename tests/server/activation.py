# SPDX-License-Identifier: MIT
"""Sockets that are handed over, as systemd does it, and what the server tells systemd."""
import http.client
import json
import os
import signal
import socket
import subprocess
import tempfile

from harness import Program

PATIENCE_S = 60
FIRST = 3  # where handed sockets begin, by sd_listen_fds(3)


def listening():
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    s.listen(16)
    return s


def hand_over(program, model, sockets, names, told):
    """The server with these sockets, as its manager starts it."""
    def place():
        copies = [os.dup2(os.dup(s.fileno()), 50 + i) for i, s in enumerate(sockets)]
        for i, fd in enumerate(copies):
            os.dup2(fd, FIRST + i)
            os.set_inheritable(FIRST + i, True)
        os.environ["LISTEN_PID"] = str(os.getpid())
        os.execvpe(command[0], command, os.environ)

    command = program.command(("serve", "--model", model, "--voices", program.file("none")))
    env = {**program.env, "LISTEN_FDS": str(len(sockets)), "NOTIFY_SOCKET": told.getsockname()}
    if names:
        env["LISTEN_FDNAMES"] = names
    pid = os.fork()
    if not pid:
        try:
            os.environ.clear()
            os.environ.update(env)
            null = os.open(os.devnull, os.O_RDWR)
            for fd in (0, 1, 2):
                os.dup2(null, fd)
            place()
        finally:
            os._exit(127)
    return pid


def exchange(port, data):
    """The line that a Wyoming server answers with."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as s, s.makefile("rb") as answer:
        s.sendall(data)
        return json.loads(answer.readline())


def check_handed(site, program, n, names):
    """n sockets: the first speaks HTTP, unless names say another one does."""
    sockets = [listening() for _ in range(n)]
    order = (names or "http").split(":")
    tally = site.tally
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(os.path.join(program.folder, f"told-{n}-{len(order[0])}"))
        told.settimeout(PATIENCE_S)
        pid = hand_over(program, site.model, sockets, names, told)
        ports = {name: s.getsockname()[1] for name, s in zip(order, sockets)}
        for s in sockets:
            s.close()
        try:
            tally.check(f"{names}: ready is told", told.recv(100) == b"READY=1")
            talk = http.client.HTTPConnection("127.0.0.1", ports["http"], timeout=PATIENCE_S)
            talk.request("GET", "/health")
            tally.check(f"{names}: HTTP at the handed socket", talk.getresponse().status == 200)
            talk.close()
            if "wyoming" in ports:
                pong = exchange(ports["wyoming"], b'{"type": "ping"}\n')
                tally.check(f"{names}: Wyoming, too", pong.get("type") == "pong", pong)
            os.kill(pid, signal.SIGTERM)
            tally.check(f"{names}: the end is told", told.recv(100) == b"STOPPING=1")
        except OSError as e:
            tally.check(f"{names}: it answers", False, e)
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        tally.check(f"{names}: it ends well", status == 0, status)


def check_not_ours(site, program):
    """Sockets that were meant for another process are left alone."""
    with listening() as other:
        done = subprocess.run(program.command(("serve", "--model", site.model, "--port", other.getsockname()[1])),
                              env={**program.env, "LISTEN_FDS": "1", "LISTEN_PID": "1"}, cwd=program.folder,
                              capture_output=True, timeout=PATIENCE_S, check=False)
    site.tally.check("of another process", done.returncode == 1 and b"cannot be listened to" in done.stderr,
                     f"{done.returncode} {done.stderr}")


def check(site):
    program = Program(site.path, site.data, tempfile.mkdtemp(dir=site.folder), site.tally)
    check_handed(site, program, 1, None)
    check_handed(site, program, 2, "http:wyoming")
    check_handed(site, program, 2, "wyoming:http")
    check_not_ours(site, program)
