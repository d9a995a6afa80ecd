# SPDX-License-Identifier: MIT
"""Train one half of the codec: the decoder on the corpus's latents, or the encoder towards them.

    codec.py decoder|encoder [--work DIR] --minutes M [--total M] [--critics W] [--compile] [--rehearse]

The latents are known beforehand (pca.py), so neither half waits for the other.  Writes DIR/decoder.pt or
DIR/encoder.pt; with --critics, for the last part of the decoder's training, DIR/critics.pt too.
"""
import os

import torch

import settings
import training
from corpus import Corpus
from modules.codec import Codec, CodecConfig
from modules.discriminator import Critics, critics_loss, maker_loss
from modules.losses import SpectralLoss
from modules.neck import Neck, expand

HOP = settings.HOP
WARM = 4            # frames at a crop's beginning that lack their past: computed but not judged
SILENT = 2          # stages of the highest rates whose residual units do nothing: the voices end at 8 kHz


def sizes(rehearse):
    return CodecConfig(encoder_width=4 if rehearse else 12, decoder_width=64 if rehearse else 192)


def silence(codec):
    """Units that are exact identities, and left out while training."""
    last = len(codec.config.strides)
    for i in range(SILENT):
        for block in (codec.encoder.block[1 + i].block, codec.decoder.model[last - i].block):
            for unit in block:
                if hasattr(unit, "silence"):
                    unit.silence()


class Halves(torch.nn.Module):
    """The codec with its neck, as checkpoints hold it."""

    def __init__(self, config):
        super().__init__()
        self.codec, self.neck = Codec(config), Neck(config.latent)
        silence(self.codec)

    def numbers(self, audio):
        """B x 1 x samples to B x frames x 80."""
        return self.neck(self.codec.analyse(audio))

    def audio(self, y):
        return self.codec.decode(expand(y, self.neck.channels))[:, 0]

    def half(self, part):
        c, q = self.codec, self.codec.quantizer
        return torch.nn.ModuleList([c.encoder, q.downsample, q.pre_module, self.neck] if part == "encoder" else
                                   [q.post_module, q.upsample, c.decoder])

    def load(self, work, *parts):
        """Halves that have been trained, from their checkpoints."""
        for part in parts:
            state = torch.load(os.path.join(work, part + ".pt"), map_location="cpu")
            self.half(part).load_state_dict(state["half"])
        return self


class Crops:
    def __init__(self, work, frames, rng):
        names = [n for n in ("limited", "open") if os.path.exists(os.path.join(work, n + ".npz"))]
        self.corpus, self.frames, self.rng = Corpus(work, names), frames, rng
        self.usable = [i for i in range(len(self.corpus)) if len(self.corpus.latents(i)) >= frames]

    def draw(self, size):
        """Latents and their audio, from anywhere in an utterance."""
        ys, xs = [], []
        for i in self.rng.choice(self.usable, size):
            y = self.corpus.latents(i)
            f = int(self.rng.integers(0, len(y) - self.frames + 1))
            ys.append(y[f:f + self.frames])
            xs.append(self.corpus.audio(i, f * HOP, self.frames * HOP))
        return torch.stack(ys), torch.stack(xs)


def blurred(y, noise):
    """Latents as the transformer and the codebooks will leave them."""
    return y + torch.randn_like(y) * torch.rand(len(y), 1, 1, device=y.device).square() * noise


def main():
    part, a = settings.arguments(
        __doc__, ("decoder", "encoder"), minutes=(60.0, "to train now"), total=(0.0, "minutes of the whole schedule"),
        lr=(1e-3, "learning rate at its highest"), batch=(4, "crops a step"), threads=(1, "of the CPU"),
        frames=(14, "of a crop"), noise=(0.4, "on the decoder's latents, at most"),
        critics=(0.0, "weight of the critics' verdict on the decoder's sound"),
        compile=(False, "let PyTorch compile the step (needs a C++ compiler)"))
    torch.set_num_threads(a.threads)
    torch.manual_seed(0)
    place = training.device()
    halves, spectral = Halves(sizes(a.rehearse)).to(place), SpectralLoss().to(place)
    half = halves.half(part)
    print(sum(p.numel() for p in half.parameters()), "parameters")
    run = training.Run(os.path.join(a.work, part + ".pt"), {"half": half}, half.parameters(), a, betas=(0.8, 0.99))
    rivals = None
    if a.critics:
        critics = Critics().to(place)
        rivals = training.Run(os.path.join(a.work, "critics.pt"), {"critics": critics}, critics.parameters(), a,
                              betas=(0.8, 0.99))
    crops = Crops(a.work, a.frames, run.rng)
    forward = halves.audio if part == "decoder" else halves.numbers
    forward = torch.compile(forward, dynamic=False) if a.compile else forward
    while run.running():
        y, x = (v.to(place) for v in crops.draw(a.batch))
        if part == "encoder":
            run.descend((forward(x[:, None]) - y)[:, WARM:].square().mean(), 1.0)
            continue
        made, true = forward(blurred(y, a.noise))[:, WARM * HOP:], x[:, WARM * HOP:]
        loss, mel = spectral(made, true)
        if rivals:
            rivals.running()
            judged = critics(true)
            rivals.descend(critics_loss(judged, critics(made.detach())), 10.0)
            fool, alike = maker_loss(judged, critics(made))
            loss = loss + a.critics * (fool + 2 * alike)
        run.descend(loss, 10.0, mel=mel)


if __name__ == "__main__":
    main()
