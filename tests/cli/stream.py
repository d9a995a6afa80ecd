# SPDX-License-Identifier: MIT
"""Sound that leaves while it is made: into pipes, files and a loudspeaker that is ours."""
import array
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import time

import wav
from harness import TIMEOUT_S, is_one_line, read, text
from long import refused, small, speaking

FAILED, USAGE, INTERRUPTED = 1, 2, 130
WORDS = "The rain began at seven, and by midnight nobody could see the harbour."
PROMPT_S = 2  # how long stopping may take on a busy machine


def exact(p, *more):
    """One pass in blocks: the same samples every time."""
    return speaking(p, WORDS, "-v", "joe", "--rng-seed", 4, "--block-sizes", "16,32,32", *more)


def open_wav(data):
    """Samples behind a header that knows no sizes; None where it is no such header."""
    if len(data) < 44 or data[:4] != b"RIFF" or data[8:16] != b"WAVEfmt ":
        return None
    size = struct.unpack("<I", data[16:20])[0]
    at = 20 + size
    form = struct.unpack("<HHIIHH", data[20:36])
    if data[4:8] != b"\xff" * 4 or data[at:at + 8] != b"data" + b"\xff" * 4 or form[:3] != (1, 1, 44100):
        return None
    return data[at + 8:]


# ---- pipes and files ----

def check_pipe(p):
    """The samples of a file, behind open sizes, and the first of them before the last are made."""
    if not p.good("stream: a file", *exact(p, "-o", "whole.wav")):
        return
    want = read(p.file("whole.wav"))[44:]
    for name, args in (("to standard output", ["--stream"]), ("to -", ["--stream", "-o", "-"])):
        done = p.good(f"stream {name}", *exact(p, *args))
        p.check(f"stream {name}: open sizes", done and open_wav(done.stdout) is not None, done and done.stdout[:48])
        p.check(f"stream {name}: every sample", done and open_wav(done.stdout) == want)
    done = p.good("stream to a file", *exact(p, "--stream", "-o", "stream.wav", "--json"))
    if done:
        report = json.loads(done.stdout)
        p.check("stream to a file: every sample", open_wav(read(p.file("stream.wav"))) == want)
        p.check("first_audio_s", 0 < report["first_audio_s"] < report["total_s"] and report["blocks"] == 3, report)
    process = subprocess.Popen(p.command(["say", WORDS, "-m", p.model("tiny"), "--no-trim", "--num-steps", 60, "--stream",
                                          "--block-sizes", "16,160,160"]),
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=p.folder, env=p.env, bufsize=0)
    first = b""
    while len(first) < 4096 and process.poll() is None:
        first += process.stdout.read(4096)
    early = process.poll() is None
    began = time.monotonic()
    rest, stderr = process.communicate(timeout=TIMEOUT_S)
    p.check("the first sound leaves early", early and not stderr and open_wav(first) is not None and
            time.monotonic() - began > 0.05, (text(stderr), time.monotonic() - began))
    p.check("and the rest follows", len(first) + len(rest) == 44 + 336 * 2048 * 2, len(rest))


def check_pieces(p):
    """A text of several pieces, by playback's pace: a small first block, whole words, one file."""
    words = "It rained all day long in the old town.\n\nNobody came to the door of the lighthouse.\n\nThe lamp burned until dawn."
    done = p.good("stream of pieces", *speaking(p, words, "-v", "joe", "--rng-seed", 4, "--stream", "-o", "pieces.wav", "--json"))
    if not done:
        return
    report = json.loads(done.stdout)
    samples = open_wav(read(p.file("pieces.wav"))) or b""
    p.check("stream of pieces: report", report["pieces"] == 3 and report["samples"] * 2 == len(samples) and
            0 < report["first_audio_s"] < report["total_s"], report)
    p.check("stream of pieces: no job", not os.path.exists(p.file("pieces.wav.part")))
    loud = array.array("h", samples)
    p.check("stream of pieces: it sounds", max(loud) > 1000 and len(loud) > 3 * 44100, (max(loud or [0]), len(loud)))


def decoded(data, end):
    done = subprocess.run(["ffmpeg", "-v", "error", "-f", end, "-i", "-", "-ar", "44100", "-ac", "1", "-f", "s16le", "-"],
                          input=data, capture_output=True, check=False)
    return len(done.stdout) // 2, text(done.stderr)


def check_formats(p):
    want = (len(read(p.file("whole.wav"))) - 44) // 2
    done = p.good("stream: pcm", *exact(p, "--stream", "--format", "pcm"))
    p.check("stream: pcm", done and done.stdout == read(p.file("whole.wav"))[44:])
    if not shutil.which("ffmpeg"):
        return
    for end, container, slack in (("flac", "flac", 0), ("mp3", "mp3", 3 * 1152), ("ogg", "ogg", 0), ("opus", "ogg", 500)):
        done = p.good(f"stream: {end}", *exact(p, "--stream", "--format", end))
        n, complaint = decoded(done.stdout, container) if done else (0, "")
        p.check(f"stream: {end}: its length", not complaint and abs(n - want) <= slack, (n, want, complaint))


def check_readers(p):
    """Who stops listening ends it, and is told so once."""
    for args in ([], ["--format", "flac"], ["--format", "mp3"], ["--format", "opus"]):
        command = p.command(["say", WORDS, "-m", p.model("tiny"), "--no-trim", "--num-steps", 4, "--stream", "--block-sizes",
                             "32,300,300", *args])
        done = subprocess.run(["bash", "-c", '"$@" | head -c 1000; exit ${PIPESTATUS[0]}', "x", *command],
                              capture_output=True, cwd=p.folder, env=p.env, timeout=TIMEOUT_S, check=False)
        p.check(f"| head -c 1000 {args}", len(done.stdout) == 1000 and done.returncode == FAILED and
                is_one_line(done.stderr, "^echotts: standard output: .*[Bb]roken pipe"), (done.returncode, text(done.stderr)))
    if os.path.exists("/dev/full"):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(p.command(exact(p, "--stream")), stdout=full, stderr=subprocess.PIPE, cwd=p.folder, env=p.env,
                                  timeout=TIMEOUT_S, check=False)
        p.check("stream to a full disk", done.returncode == FAILED and is_one_line(done.stderr, "standard output: .*No space"),
                text(done.stderr))
    refused(p, "stream and report to one place", "--stream and --json both want standard output: give -o FILE",
            *exact(p, "--stream", "--json"))


# ---- the loudspeaker ----

def player_folder(p, kind="fake"):
    return os.path.join(os.path.dirname(p.path), kind)


def player(p, kind="fake", speed=20, **fail):
    """The environment of a program that finds this PortAudio."""
    env = dict(p.env, LD_LIBRARY_PATH=player_folder(p, kind), FAKE_PORTAUDIO_RECORD=p.file("heard"), FAKE_PORTAUDIO_SPEED=str(speed))
    return dict(env, FAKE_PORTAUDIO_FAIL=fail["fail"]) if fail else env


def sounds(samples):
    """Without silence, which playback may add."""
    return array.array("f", (s for s in samples if s != 0))


def heard(p):
    both = array.array("f", read(p.file("heard")))
    return both[::2], both[1::2]


def check_play(p):
    for name, args in (("--play and -o", ["--play", "-o", "played.wav", "--float"]), ("no -o at all", []), ("--play", ["--play"])):
        if os.path.exists(p.file("heard")):
            os.remove(p.file("heard"))
        done = p.good(name, *exact(p, *args, "--json"), env=player(p))
        if not done:
            continue
        report = json.loads(done.stdout)
        left, right = heard(p)
        want = sounds(wav.load(p.file("played.wav"))[2])
        p.check(f"{name}: all is heard", len(want) > 44100 and sounds(left) == want and left == right, (len(sounds(left)), len(want)))
        p.check(f"{name}: report", report["samples"] == len(wav.load(p.file("played.wav"))[2]) and report["starved"] >= 0 and
                report["first_audio_s"] > 0, report)
    # A loudspeaker that is faster than any machine waits for each block.
    done = p.good("it runs out", *exact(p, "--play", "--json", "-s", 8), env=player(p, speed=400))
    report = json.loads(done.stdout) if done else {}
    p.check("it runs out: told", report.get("starved", 0) >= 1 and report["starved_s"] > 0, report)
    if p.good("--play --speed", *exact(p, "--play", "--speed", 2, "-o", "fast.wav", "--float"), env=player(p)):
        fast = wav.load(p.file("fast.wav"))[2]
        p.check("--play --speed: all is heard", sounds(heard(p)[0]) == sounds(fast))
        p.check("--play --speed: half as long", abs(2 * len(fast) / len(wav.load(p.file("played.wav"))[2]) - 1) < 0.02, len(fast))


def check_play_pieces(p):
    words = "It rained all day long in the old town.\n\nNobody came to the door of the lighthouse."
    done = p.good("pieces are played", *speaking(p, words, "-v", "joe", "--rng-seed", 4, "--play", "-o", "played.wav", "--float",
                                                 "--json"), env=player(p))
    if done:
        p.check("pieces: all is heard", sounds(heard(p)[0]) == sounds(wav.load(p.file("played.wav"))[2]))
        p.check("pieces: both", json.loads(done.stdout)["pieces"] == 2)


def check_stopped(p):
    """Ctrl-C is silence at once, though half a minute may be queued."""
    for name, args in (("playing", []), ("playing and writing", ["-o", "stopped.wav"])):
        if os.path.exists(p.file("heard")):
            os.remove(p.file("heard"))
        process = subprocess.Popen(p.command(exact(p, "--play", *args)), cwd=p.folder, env=player(p, speed=1),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        end = time.monotonic() + TIMEOUT_S
        while not os.path.exists(p.file("heard")) and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(0.8)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=TIMEOUT_S)
        took = time.monotonic() - began
        p.check(f"Ctrl-C while {name}", process.returncode == INTERRUPTED and is_one_line(stderr, "stopped") and took < PROMPT_S,
                (process.returncode, text(stderr), took))
        left = [n for n in os.listdir(p.folder) if n.startswith("stopped")]
        # All was made before: then the file is whole.
        p.check(f"Ctrl-C while {name}: a whole file or none", not left or left == ["stopped.wav"] and
                read(p.file("stopped.wav")) == read(p.file("whole.wav")), left)


def check_no_player(p):
    """Without a library or a card: one line that says what to do, before any work."""
    none, both = [], ["--play", "-o", "x.wav"]
    for fail, pattern, ways in (("init", "Internal PortAudio error", [none, ["--play"]]),
                                ("device", "there is no sound card", [none, ["--play"], both]), ("rate", "44,100", [none]),
                                ("open", "fake loudspeaker: Device unavailable", [none, both])):
        for args in ways:
            done = p.run(*exact(p, *args), env=player(p, fail=fail))
            p.check(f"{fail} {args}", done.returncode in (FAILED, USAGE) and not done.stdout and
                    is_one_line(done.stderr, f"{pattern}.*-o FILE"), (done.returncode, text(done.stderr)))
            p.check(f"{fail} {args}: no file", not os.path.exists(p.file("x.wav")))
    done = p.run("say", "Hello.", "-m", "/nowhere", env=player(p, fail="device"))
    p.check("no card, before anything is loaded", done.returncode == USAGE and is_one_line(
        done.stderr, '-o FILE writes a file instead, as in: echotts say -o hello.wav "Hello."$'), text(done.stderr))
    for args in ([], ["--play"]):
        done = p.run(*exact(p, *args), env=player(p, "broken"))
        p.check(f"a broken library {args}", done.returncode in (FAILED, USAGE) and
                is_one_line(done.stderr, "lacks a function.*-o FILE"), (done.returncode, text(done.stderr)))
    for fail, line in (("lost", "fake loudspeaker: the sound device stopped"), ("start", "Device unavailable")):
        done = p.run(*exact(p, "--play"), env=player(p, fail=fail, speed=1))
        p.check(f"{fail} while it plays", done.returncode == FAILED and is_one_line(done.stderr, f"{line}.*(away[?]|-o FILE.*)$"),
                (done.returncode, text(done.stderr)))
        done = p.run(*exact(p, "--play", "-o", "lost.wav"), env=player(p, fail=fail, speed=1))
        p.check(f"{fail} while it plays and writes", done.returncode == FAILED and
                is_one_line(done.stderr, rf"{line}.* \(lost\.wav is written all the same\)$"), (done.returncode, text(done.stderr)))
        p.check(f"{fail}: the file is whole", read(p.file("lost.wav")) == read(p.file("whole.wav")))
        os.remove(p.file("lost.wav"))


def check_here(p):
    """With what this machine has, or has not."""
    done = subprocess.run(p.command(exact(p, "--no-play", "-o", "x.wav")), capture_output=True, cwd=p.folder, env=p.env, check=False)
    p.check("--play has no opposite", done.returncode == USAGE, text(done.stderr))
    done = p.run(*exact(p))
    played = done.returncode == 0 and not done.stderr
    p.check("no -o here", played or done.returncode == USAGE and is_one_line(
        done.stderr, "(libportaudio2|no sound card|sound cannot be played).*-o FILE"), (done.returncode, text(done.stderr)))


def check(p):
    check_pipe(p)
    check_pieces(p)
    check_formats(p)
    check_readers(p)
    check_here(p)
    if os.path.exists(player_folder(p)):
        check_play(p)
        check_play_pieces(p)
        check_stopped(p)
        check_no_player(p)
