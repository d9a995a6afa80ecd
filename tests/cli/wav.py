# SPDX-License-Identifier: MIT
"""WAV files of 16-bit or float samples (the wave module knows no floats)."""
import array
import struct


def parse(data):
    """(rate, channels, samples as floats) of a whole file's bytes."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise ValueError("not a WAV file")
    if struct.unpack("<I", data[4:8])[0] + 8 != len(data):
        raise ValueError("the RIFF size is not the file's")
    at, form, samples = 12, None, None
    while at + 8 <= len(data):
        name, size = data[at:at + 4], struct.unpack("<I", data[at + 4:at + 8])[0]
        body = data[at + 8:at + 8 + size]
        if name == b"fmt ":
            form = struct.unpack("<HHIIHH", body[:16])
        elif name == b"data":
            samples = body
        at += 8 + size + size % 2
    if form[0] == 3:
        return form[2], form[1], array.array("f", samples)
    return form[2], form[1], array.array("f", (s / 32768 for s in array.array("h", samples)))


def load(path):
    with open(path, "rb") as f:
        return parse(f.read())


def save_float(path, samples, rate=44100):
    data = array.array("f", samples).tobytes()
    form = struct.pack("<HHIIHH", 3, 1, rate, rate * 4, 4, 32)
    with open(path, "wb") as f:
        f.write(b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt " +
                struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(data)) + data)
