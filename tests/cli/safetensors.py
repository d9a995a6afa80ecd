# SPDX-License-Identifier: MIT
"""Named arrays in a file, with the standard library alone."""
import array
import json
import struct

CODES = {"F32": "f", "I32": "i", "U8": "B"}


class Array:
    def __init__(self, dtype, shape, data):
        self.dtype, self.shape, self.data = dtype, list(shape), data


def load(path):
    """All arrays of the types above, as {name: Array}."""
    with open(path, "rb") as f:
        size = struct.unpack("<Q", f.read(8))[0]
        header = json.loads(f.read(size))
        body = f.read()
    arrays = {}
    for name, about in header.items():
        if about.get("dtype") in CODES:
            first, last = about["data_offsets"]
            data = array.array(CODES[about["dtype"]], body[first:last])
            arrays[name] = Array(about["dtype"], about["shape"], data)
    return arrays


def save(path, arrays):
    header, body = {}, b""
    for name, a in arrays.items():
        data = a.data.tobytes()
        header[name] = {"dtype": a.dtype, "shape": a.shape,
                        "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(head)) + head + body)


def save_latent(path, numbers, size):
    """What `echotts encode` writes: numbers are frames * size floats."""
    data = array.array("f", numbers)
    save(path, {"latent": Array("F32", [1, len(data) // size, size], data)})
