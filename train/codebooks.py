# SPDX-License-Identifier: MIT
"""Make the codebooks from what the encoder says of the corpus, and the clips that the transformer will be shown.

    codebooks.py [--work DIR] [--utterances N] [--rehearse]

Writes DIR/codebooks.pt (per book: rows, shift) and DIR/references.pt (per voice: the quantised latents of utterances).
A code is chosen by direction alone, which would lose how large the 8 numbers are.  So a book's weakest number is
shifted far from zero: the direction then tells the other seven, and only the eighth is told badly.
"""
import os

import torch
from torch.nn.functional import normalize

import settings
import voices
from codec import Halves, sizes
from corpus import Corpus
from modules.neck import DIM

ENTRIES = 4096
FAR = 2.0           # the shift, in deviations of the book's strongest number
ROUNDS = 10


def means_by_direction(y, entries, generator):
    """k-means where the nearest mean is the one of the most similar direction."""
    pick = lambda n: y[torch.randint(len(y), (n,), generator=generator)]
    rows = pick(entries).clone()
    for _ in range(ROUNDS):
        code = nearest(y, rows)
        total = torch.zeros_like(rows).index_add_(0, code, y)
        count = torch.bincount(code, minlength=entries).float()[:, None]
        rows = total / count.clamp_min(1)
        empty = count[:, 0] == 0
        rows[empty] = pick(int(empty.sum()))
    return rows


def nearest(y, rows):
    directions = normalize(rows, dim=1)
    return torch.cat([(part @ directions.T).argmax(1) for part in y.split(8192)])


def main():
    a = settings.arguments(__doc__, utterances=(300, "of each voice"))
    torch.set_num_threads(1)
    corpus, halves = Corpus(a.work), Halves(sizes(a.rehearse)).load(a.work, "encoder").eval()
    generator = torch.Generator().manual_seed(0)
    chosen = {v: [i for i in range(len(corpus)) if corpus.items[i]["voice"] == v][:a.utterances] for v in voices.NAMES}
    with torch.no_grad():
        said = {v: [halves.numbers(corpus.audio(i)[None, None])[0] for i in rows] for v, rows in chosen.items()}
    y = torch.cat([row for rows in said.values() for row in rows])
    truth = torch.cat([corpus.latents(i) for rows in chosen.values() for i in rows])
    print(f"the encoder misses {((y - truth).square().mean() / truth.square().mean()):.3f} of the latents' power")
    books, quantised = [], []
    for part in y.split(DIM, 1):
        deviation, shift = part.std(0), torch.zeros(DIM)
        shift[deviation.argmin()] = FAR * deviation.max()
        rows = means_by_direction(part + shift, min(ENTRIES, len(part)), generator)
        books.append({"rows": rows, "shift": shift})
        quantised.append(rows[nearest(part + shift, rows)] - shift)
    quantised = torch.cat(quantised, 1)
    print(f"the codebooks miss {((quantised - y).square().mean() / y.square().mean()):.3f} of what they are given")
    pieces = iter(quantised.split([len(row) for rows in said.values() for row in rows]))
    torch.save(books, os.path.join(a.work, "codebooks.pt"))
    references = {v: [next(pieces).clone() for _ in rows] for v, rows in said.items()}
    torch.save(references, os.path.join(a.work, "references.pt"))


if __name__ == "__main__":
    main()
