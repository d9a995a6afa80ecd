# SPDX-License-Identifier: MIT
"""The codec's encoder: sound to latents; then the codebooks."""
import os

import torch
from torch.nn.functional import normalize

from common import DEVICE, arguments, rate
from half import WARM, HalfTrainer
from modules.neck import DIM

FAR = 2.0


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
        missed = lambda got, of: ((got - of).square().mean() / of.square().mean()).item()
        self.log(f"the encoder misses {missed(y, truth):.3f} of the latents' power")
        books, quantised = [], []
        for part in y.split(DIM, 1):
            deviation, shift = part.std(0), torch.zeros(DIM, device=DEVICE)
            shift[deviation.argmin()] = FAR * deviation.max()
            rows = means_by_direction(part + shift, min(64 if self.a.tiny else 4096, len(part)))
            books.append({"rows": rows.cpu(), "shift": shift.cpu()})
            quantised.append(rows[nearest(part + shift, rows)] - shift)
        q = torch.cat(quantised, 1)
        self.log(f"the codebooks miss {missed(q, y):.3f} of what they are given, both {missed(q, truth):.3f}")
        return books

    def run(self):
        self.prepare(self.learn)
        steps = self.train()
        self.save(books=self.books())
        self.log(f"done after {steps} steps")


if __name__ == "__main__":
    Trainer(arguments(soundhours=(9.5, "of sound that are kept"), lr=(1.5e-3, "peak of the learning rate"),
                      frames=(20, "of a crop"), batch=(32, "crops"), stop=(0.6, "of the time, when it ends"),
                      rest=(0.02, "seconds after each step that are left to the others"))).run()
