# SPDX-License-Identifier: MIT
"""Sound as a player reads it: from a pipe, by ffmpeg."""
import array
import json
import math
import subprocess

# Format: content type, codec that ffprobe names, hertz unless others are asked for.
FORMATS = {
    "mp3": ("audio/mpeg", "mp3", 44100),
    "opus": ("audio/ogg", "opus", 48000),
    "flac": ("audio/flac", "flac", 44100),
    "wav": ("audio/wav", "pcm_s16le", 44100),
    "ogg": ("audio/ogg", "vorbis", 44100),
    "pcm": ("audio/pcm", "pcm_s16le", 24000),
}


COARSE = 4000  # hertz, enough to compare ends by

# Of sound from a pipe, whose length nobody knows: of its duration, of open sizes in a WAV header, and of
# the last packet there, which is shorter than a packet.  No sample is lost by these.
BY_PIPE = ("Estimating duration", "invalid concatenated file", "may be invalid", "corrupt (stream = 0, dts = NOPTS)",
           "corrupt input packet in stream 0", "Guessed Channel Layout")


def raw(name, rate):
    """What ffmpeg must be told of samples without a header."""
    return ["-f", "s16le", "-ar", str(rate), "-ac", "1"] if name == "pcm" else []


def probe(data, name="", rate=24000):
    """(codec, hertz, channels) of the one stream in it, or what ffprobe says of it."""
    done = subprocess.run(["ffprobe", "-v", "error", *raw(name, rate), "-show_entries",
                           "stream=codec_name,sample_rate,channels", "-of", "json", "-"],
                          input=data, capture_output=True, check=False)
    streams = json.loads(done.stdout or b"{}").get("streams", [])
    if len(streams) != 1:
        return done.stderr.decode("utf-8", "replace"), len(streams), 0
    s = streams[0]
    return s["codec_name"], int(s["sample_rate"]), s["channels"]


def decode(data, name="", rate=24000, out=44100):
    """(samples at so many hertz, what ffmpeg complained of)."""
    done = subprocess.run(["ffmpeg", "-v", "warning", *raw(name, rate), "-i", "-", "-f", "s16le",
                           "-ac", "1", "-ar", str(out), "-"], input=data, capture_output=True, check=False)
    told = [line for line in done.stderr.decode("utf-8", "replace").splitlines()
            if not any(word in line for word in BY_PIPE)]
    if done.returncode and not told:
        told = [f"exit {done.returncode}"]
    return array.array("h", done.stdout[:len(done.stdout) // 2 * 2]), "; ".join(told)


def energy(samples):
    return math.sqrt(sum(s * s for s in samples) / max(1, len(samples)))


def end_likeness(got, want, rate=COARSE):
    """How like the end of `got` is the last quarter of a second of `want` that can be heard: 1, the same."""
    loud = max(map(abs, want), default=0) // 20
    while want and abs(want[-1]) <= loud:
        want.pop()
    tail = want[-rate // 4:]
    whole = energy(tail) ** 2 * len(tail)
    best = 0.0
    for at in range(max(0, len(want) - len(tail) - rate // 20),
                    min(len(got) - len(tail), len(want) - len(tail) + rate // 10) + 1):
        part = got[at:at + len(tail)]
        norm = math.sqrt(whole * energy(part) ** 2 * len(tail))
        if norm:
            best = max(best, sum(a * b for a, b in zip(part, tail)) / norm)
    return best
