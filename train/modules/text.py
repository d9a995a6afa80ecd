"""Text to tokens: bytes after a zero, normalised and marked with a speaker as the published model wants them."""
import torch

REPLACE = (("…", "..."), ("’", "'"), ("”", '"'), ("\n", " "), (":", ","), (";", ","), ("—", ", "))
MOST = 768


def normalise(text):
    for a, b in REPLACE:
        text = text.replace(a, b)
    if not text.startswith(("[", "(")) and "S1" not in text and "S2" not in text:
        text = "[S1] " + text
    return text


def tokens(text, normalised=True):
    return ([0] + list((normalise(text) if normalised else text).encode()))[:MOST]


def batch(texts, length=0):
    """To (ids, mask), both texts x longest, or x length if that is more."""
    rows = [tokens(t) for t in texts]
    ids = torch.zeros(len(rows), max(length, *map(len, rows)), dtype=torch.long)
    mask = torch.zeros(ids.shape, dtype=torch.bool)
    for i, row in enumerate(rows):
        ids[i, :len(row)], mask[i, :len(row)] = torch.tensor(row), True
    return ids, mask
