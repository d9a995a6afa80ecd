# SPDX-License-Identifier: MIT
"""The codec's encoder: sound to latents; then the codebooks."""
import os

import torch

import books
from common import DEVICE, arguments, rate
from half import WARM, HalfTrainer


class Trainer(HalfTrainer):
    name, seed, keep = "encoder", 3, 0.998

    def __init__(self, a):
        super().__init__(a, stop=a.stop)
        self.log(sum(p.numel() for p in self.half.parameters()), "parameters")
        self.shown = torch.zeros(2, device=DEVICE)

    def draw(self, size, frames):
        at = self.places(size, frames)
        return self.dataset.latents[at].float(), self.dataset.sound[at].flatten(1).float()[:, None] / 32767

    def learn(self):
        self.optimizer.adam.zero_grad(set_to_none=True)
        y, x = self.draw(self.size, self.frames)
        loss = (self.halves.numbers(x) - y)[:, WARM:].square().mean()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.params, 1.0, foreach=True)
        self.optimizer.adam.step()
        self.shown.copy_(torch.stack([loss.detach(), norm.detach()]))

    def told(self, error, norm):
        return f"error {error:.4f} norm {norm:.3f}"

    def pace_rates(self, steps):
        lr = rate(steps, self.clock.done(), self.a.lr, 200, flat=0.1)
        self.optimizer.rate(lr)
        return lr

    def stored(self):
        return {"pca": torch.load(os.path.join(self.a.work, "pca.pt")), "books": None}

    @torch.no_grad()
    def books(self):
        self.half.load_state_dict(self.average)
        frames, size = (8, 4) if self.a.tiny else (64, 32)
        ys, truth = [], []
        for _ in range(2 if self.a.tiny else 250):
            y, x = self.draw(size, frames)
            ys.append(self.halves.numbers(x)[:, WARM:].flatten(0, 1))
            truth.append(y[:, WARM:].flatten(0, 1))
        y, truth = torch.cat(ys), torch.cat(truth)
        self.log(f"the encoder misses {books.missed(y, truth):.3f} of the latents' power")
        rows, written = books.make(y, self.halves.neck.kernel(), 64 if self.a.tiny else books.ENTRIES)
        self.log(f"the codebooks miss {books.missed(written, y):.4f} of what they are given, "
                 f"both {books.missed(written, truth):.3f}")
        return rows

    def run(self):
        self.prepare(self.learn)
        steps = self.train()
        self.save(books=self.books())
        self.log(f"done after {steps} steps")


if __name__ == "__main__":
    Trainer(arguments(soundhours=(9.5, "of sound that are kept"), lr=(1.5e-3, "peak of the learning rate"),
                      frames=(20, "of a crop"), batch=(32, "crops"), stop=(0.6, "of the time, when it ends"),
                      rest=(0.02, "seconds after each step that are left to the others"))).run()
