# SPDX-License-Identifier: MIT
"""books.py MODEL CHUNK... - makes a model's codebooks anew for the encoder it has, from speech that speech.py left.

No training: its encoder hears the speech, and each book sorts what it is given (modules/neck.py).
"""
import argparse
import os

import torch
from torch.nn.functional import normalize

from modules import tensors
from modules.codec import Books, Codec
from modules.neck import BOOKS, DIM, FAR, GROUPS, PAIR, SIZE, axes

ENTRIES = 1024
FILE = "dac.safetensors"


def nearest(y, rows):
    directions = normalize(rows, dim=1)
    return torch.cat([(part @ directions.T).argmax(1) for part in y.split(8192)])


def means_by_direction(y, entries, rounds=20):
    """k-means where the nearest mean is the one of the most similar direction."""
    pick = lambda n: y[torch.randint(len(y), (n,), device=y.device)]
    rows = pick(entries).clone()
    for _ in range(rounds):
        code = nearest(y, rows)
        total = torch.zeros_like(rows).index_add_(0, code, y)
        count = torch.bincount(code, minlength=entries).float()[:, None]
        rows = total / count.clamp_min(1)
        empty = count[:, 0] == 0
        rows[empty] = pick(int(empty.sum()))
    return rows


def missed(got, of):
    """The share of the power."""
    return ((got - of).square().mean() / of.square().mean()).item()


def make(y, kernel, entries=ENTRIES):
    """Rows of all books, BOOKS x entries x (PAIR + 1), for numbers y that a neck's kernel gave; and how they are written."""
    turn, rows, written = axes(kernel.cpu()).to(y.device), [], []
    for part in (y @ turn).split(PAIR, 1):
        far = part.new_full((len(part), 1), FAR * part.std())
        part = torch.cat((part, far), 1)
        rows.append(means_by_direction(part, min(entries, len(part))))
        written.append(rows[-1][nearest(part, rows[-1]), :PAIR])
    return torch.stack(rows).cpu(), torch.cat(written, 1) @ turn.T


def every(codec):
    return [*codec.quantizer.semantic_quantizer.quantizers, *codec.quantizer.quantizer.quantizers]


@torch.no_grad()
def install(codec, kernel, bias, rows):
    """The neck as codebooks.  A row of a kernel that is to be zero gets direction 1 and length 0."""
    def put(p, kernel):
        length = kernel.norm(dim=1).view(-1, 1, 1)
        p.original1.copy_(torch.where(length > 0, kernel[:, :, None], 1.0))
        p.original0.copy_(length)

    q, entries, width = codec.quantizer, *rows.shape[1:]
    q.semantic_quantizer = Books(codec.config.latent, width, entries, 1)
    q.quantizer = Books(codec.config.latent, width, entries, BOOKS - 1)
    turn = axes(kernel)
    for book, mine, made in zip(every(codec), turn.split(PAIR, 1), rows):
        read, write = kernel.new_zeros(width, kernel.shape[1]), kernel.new_zeros(kernel.shape[1], width)
        read[:PAIR], write[:SIZE, :PAIR] = mine.T @ kernel, mine
        put(book.in_proj.parametrizations["weight"], read)
        put(book.out_proj.parametrizations["weight"], write)
        book.in_proj.bias.copy_(torch.cat((mine.T @ bias, made[:1, PAIR])))
        book.out_proj.bias.zero_()
        book.codebook.weight.copy_(made)
    every(codec)[-1].out_proj.bias[SIZE:] = 1.0


@torch.no_grad()
def neck(codec):
    """Kernel and bias of the neck that a model's books stand for, whatever they are: the sum of what they would write if
    they kept all they read.  Written sizes are made 1."""
    kernel, bias = 0, 0
    for book in every(codec):
        read, write = (p.parametrizations["weight"]()[:, :, 0] for p in (book.in_proj, book.out_proj))
        size = torch.linalg.matrix_norm(write, 2)
        kernel = kernel + write @ read / size
        bias = bias + (write @ book.in_proj.bias + book.out_proj.bias) / size
    return kernel[:SIZE], bias[:SIZE]


@torch.no_grad()
def heard(codec, chunk):
    """What the encoder says of a chunk, voice by voice."""
    c = torch.load(chunk, map_location="cpu", weights_only=True, mmap=True)
    said = c["sound"].split(c["n"].tolist())
    return torch.cat([codec.analyse(s.flatten()[None, None].float() / 32767)[0].T for s in said])


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model")
    p.add_argument("chunk", nargs="+")
    a = p.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(5)
    path = os.path.join(a.model, FILE)
    codec = Codec.of({name: t.float() for name, t in tensors.load(path).items()})
    kernel, bias = neck(codec)
    y = torch.cat([heard(codec, chunk) for chunk in a.chunk]) @ kernel.T + bias
    rows, written = make(y, kernel)
    print(f"{len(y)} frames: {BOOKS} books miss {missed(written, y):.4f} of the power")
    install(codec, kernel, bias, rows)
    tensors.save(path, codec.state_dict(), torch.float16)


if __name__ == "__main__":
    main()
