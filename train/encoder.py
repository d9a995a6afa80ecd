# SPDX-License-Identifier: MIT
"""The codec's encoder: sound to latents; then the codebooks."""
import os
import time

import torch
from torch.nn.functional import normalize

from common import CUDA, DEVICE, HOP, Clock, Dataset, Log, Pace, arguments, graphed, rate, save
from modules.neck import DIM
from sound import Halves, sizes

WARM, FAR = 4, 2.0


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


class Trainer:
    def __init__(self, a):
        self.a, self.clock = a, Clock(a, reserve=5.0, stop=a.stop)
        self.log = Log(a, "encoder", self.clock)
        self.dataset = Dataset(a, 5000 if a.tiny else int(a.soundhours * 3600 * 21.6), sound=True)
        self.frames, self.size = (8, 2) if a.tiny else (a.frames, a.batch)
        torch.manual_seed(3)
        self.halves = Halves(sizes(a.tiny)).to(DEVICE)
        self.half = self.halves.half("encoder")
        if a.start:
            stored = torch.load(os.path.join(a.start, "encoder.pt"), map_location="cpu", weights_only=True)["half"]
            self.half.load_state_dict({n: t.float() for n, t in stored.items()})
        self.average = {n: t.clone() for n, t in self.half.state_dict().items()}
        mine = self.half.state_dict()
        self.mine, self.means = list(mine.values()), [self.average[n] for n in mine]
        self.params = [p for p in self.half.parameters() if p.requires_grad]
        self.log(sum(p.numel() for p in self.half.parameters()), "parameters")
        self.lr = torch.zeros((), device=DEVICE)
        options = dict(betas=(0.8, 0.99), weight_decay=0.0, fused=True)
        self.optimizer = (torch.optim.AdamW(self.params, lr=self.lr, capturable=True, **options) if CUDA else
                          torch.optim.AdamW(self.params, lr=1e-3, **options))
        self.total, self.shown = torch.zeros((), device=DEVICE), torch.zeros(2, device=DEVICE)

    def draw(self, size, frames):
        at = (torch.rand(size, device=DEVICE) * (self.total - frames)).long()[:, None] + torch.arange(frames, device=DEVICE)
        return self.dataset.latents[at].float(), self.dataset.sound[at].flatten(1).float()[:, None] / 32767

    def step(self):
        self.optimizer.zero_grad(set_to_none=True)
        y, x = self.draw(self.size, self.frames)
        loss = (self.halves.numbers(x) - y)[:, WARM:].square().mean()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.params, 1.0, foreach=True)
        self.optimizer.step()
        self.shown.copy_(torch.stack([loss.detach(), norm.detach()]))

    @torch.no_grad()
    def mean(self, weight):
        torch._foreach_lerp_(self.means, self.mine, weight)

    def save(self, books=None):
        save({"half": {n: t.half().cpu() for n, t in self.average.items()}, "config": vars(self.halves.codec.config),
              "pca": torch.load(os.path.join(self.a.work, "pca.pt")), "books": books},
             os.path.join(self.a.out, "encoder.pt"))

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
        a, clock, log = self.a, self.clock, self.log
        if CUDA:
            begin = time.time()
            self.dataset.sound[:500].random_(-3000, 3000)
            self.total.fill_(500)
            self.step()
            torch.cuda.synchronize()
            log(f"tried, {time.time() - begin:.1f} s")
        self.dataset.wait(clock)
        self.total.fill_(self.dataset.count)
        self.lr.fill_(1e-6)
        begin = time.time()
        step, good = graphed(self.step)
        log(f"ready, graph {good}, {time.time() - begin:.1f} s"
            + (f", {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB" if CUDA else ""))
        clock.start()
        steps, mark, last, pace, seen = 0, (time.time(), 0), time.time(), Pace(), []
        while not clock.over():
            lr = rate(steps, clock.done(), a.lr, 200, flat=0.1)
            if CUDA:
                self.lr.fill_(lr)
            else:
                for group in self.optimizer.param_groups:
                    group["lr"] = lr
            step()
            steps += 1
            if steps % 4 == 0:
                self.mean(1 - min(0.998, (steps + 1) / (steps + 30)) ** 4)
            if steps % 10 == 0:
                seen.append(self.shown.clone())
            pace()
            if CUDA and a.rest:
                time.sleep(a.rest)
            if steps % (20 if a.tiny else 200) == 0:
                s, now = torch.stack(seen).mean(0).tolist(), time.time()
                log(f"{steps} error {s[0]:.4f} norm {s[1]:.3f} lr {lr:.1e} "
                    f"{(steps - mark[1]) / (now - mark[0]):.1f} steps/s {self.dataset.items} utterances")
                mark, seen = (now, steps), []
                if self.dataset.take():
                    self.total.fill_(self.dataset.count)
            if time.time() > last + (6 if a.tiny else 60):
                self.save()
                last = time.time()
        self.save(self.books())
        log(f"done after {steps} steps")


if __name__ == "__main__":
    Trainer(arguments(soundhours=(9.5, "of sound that are kept"), lr=(1.5e-3, "peak of the learning rate"),
                      frames=(20, "of a crop"), batch=(32, "crops"), stop=(0.6, "of the time, when it ends"),
                      rest=(0.02, "seconds after each step that are left to the others"))).run()
