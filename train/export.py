# SPDX-License-Identifier: MIT
"""Write the model as the published format has it, with the reference clips and the defaults of this voice.

    export.py limited|open [FOLDER] [--work DIR] [--rehearse]

FOLDER (models/small) gets echo.safetensors (BF16), dac.safetensors (F16), pca.safetensors (F32), a clip for each voice,
and echotts.json: settings that suit it, and the words it was taught.
"""
import json
import os

import numpy as np
import torch

import grammar
import settings
import voices
from codec import Halves, sizes
from lessons import CLIP, PATCH
from modules import tensors
from modules.neck import DIM, SIZE
from modules.wav import write_wav

DEFAULTS = {"steps": 20, "cfg_text": 3, "cfg_speaker": 2, "cfg_min_t": 0.3, "truncation": 1, "frames": 96}
SAID = ("good morning today is friday", "turn on the light in the kitchen")      # in the clips


@torch.no_grad()
def install(halves, books):
    """The neck as codebooks.  A row of a kernel that is to be zero gets direction 1 and length 0."""
    q, neck = halves.codec.quantizer, halves.neck
    every = [*q.semantic_quantizer.quantizers, *q.quantizer.quantizers]
    kernel = neck.weight * neck.mask
    for i, (book, made) in enumerate(zip(every, books)):
        mine = slice(i * DIM, (i + 1) * DIM)
        p = book.in_proj.parametrizations["weight"]
        p.original1.copy_(kernel[mine, :, None])
        p.original0.copy_(kernel[mine].norm(dim=1).view(-1, 1, 1))
        book.in_proj.bias.copy_(neck.bias[mine] + made["shift"])
        p = book.out_proj.parametrizations["weight"]
        p.original1.fill_(1.0)
        p.original0.zero_()
        p.original1[mine, :, 0] = torch.eye(DIM)
        p.original0[mine] = 1.0
        book.out_proj.bias.zero_()
        book.out_proj.bias[mine] = -made["shift"]
        book.codebook.weight = torch.nn.Parameter(made["rows"])
    every[-1].out_proj.bias[SIZE:] = 1.0


def main():
    kind, a = settings.arguments(__doc__, ("limited", "open"), os.path.join(settings.HERE, "../models/small"))
    stored = lambda name: torch.load(os.path.join(a.work, name), map_location="cpu")
    halves = Halves(sizes(a.rehearse)).load(a.work, "decoder", "encoder")
    install(halves, stored("codebooks.pt"))
    os.makedirs(a.folder, exist_ok=True)
    path = lambda name: os.path.join(a.folder, name)
    mean = torch.cat((torch.zeros(SIZE), torch.ones(halves.neck.channels - SIZE)))
    tensors.save(path("dac.safetensors"), halves.codec.state_dict(), torch.float16)
    tensors.save(path("pca.safetensors"), {"pca_components": torch.eye(len(mean))[:SIZE], "pca_mean": mean,
                                           "latent_scale": torch.ones(1)})
    tensors.save(path("echo.safetensors"), stored(kind + ".pt")["model"], torch.bfloat16)
    for voice in voices.NAMES:
        said = np.concatenate([x for x, _ in voices.speak(SAID, voice)])
        write_wav(path(voice + ".wav"), torch.from_numpy(said[:CLIP * PATCH * settings.HOP] / np.float32(32768)))
    chosen = dict(DEFAULTS, vocabulary=grammar.vocabulary())
    with open(path("echotts.json"), "w", encoding="ascii") as f:
        json.dump(chosen, f, indent=1)
        f.write("\n")
    for name in sorted(os.listdir(a.folder)):
        print(f"{name} {os.path.getsize(path(name))}")


if __name__ == "__main__":
    main()
