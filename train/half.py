# SPDX-License-Identifier: MIT
"""What the trainers of the codec's two halves share: weights and their average, the optimizer, the loop."""
import os
import time

import torch

from common import CUDA, DEVICE, Clock, Dataset, Log, Pace, graphed, save
from sound import Halves, sizes

WARM = 4            # frames at a crop's beginning that lack their past: computed but not judged


class Rated:
    """AdamW whose learning rate a CUDA graph can read."""

    def __init__(self, params):
        options = dict(betas=(0.8, 0.99), weight_decay=0.0, fused=True)
        self.lr = torch.zeros((), device=DEVICE)
        self.adam = (torch.optim.AdamW(params, lr=self.lr, capturable=True, **options) if CUDA else
                     torch.optim.AdamW(params, lr=1e-3, **options))

    def rate(self, lr):
        if CUDA:
            self.lr.fill_(lr)
        else:
            for group in self.adam.param_groups:
                group["lr"] = lr


class HalfTrainer:
    """A trainer sets name, seed, keep and shown, and has pace_rates(), told() and perhaps stored()."""
    name, seed, keep = "", 0, 0.999     # keep: of the average, at a step, once it has run in

    def __init__(self, a, stop=1.0):
        self.a, self.clock = a, Clock(a, reserve=5.0, stop=stop)
        self.log = Log(a, self.name, self.clock)
        self.dataset = Dataset(a, 5000 if a.tiny else int(a.soundhours * 3600 * 21.6), sound=True)
        self.frames, self.size = (8, 2) if a.tiny else (a.frames, a.batch)
        torch.manual_seed(self.seed)
        self.halves = Halves(sizes(a.tiny)).to(DEVICE)
        self.half = self.halves.half(self.name)
        if a.start:
            stored = torch.load(os.path.join(a.start, self.name + ".pt"), map_location="cpu", weights_only=True)["half"]
            self.half.load_state_dict({n: t.float() for n, t in stored.items()})
        mine = self.half.state_dict()
        self.average = {n: t.clone() for n, t in mine.items()}
        self.mine, self.means = list(mine.values()), [self.average[n] for n in mine]
        self.params = [p for p in self.half.parameters() if p.requires_grad]
        self.optimizer, self.total = Rated(self.params), torch.zeros((), device=DEVICE)

    def places(self, size, frames):
        """Crops of the dataset: where their frames lie."""
        at = (torch.rand(size, device=DEVICE) * (self.total - frames)).long()[:, None]
        return at + torch.arange(frames, device=DEVICE)

    @torch.no_grad()
    def mean(self, weight):
        torch._foreach_lerp_(self.means, self.mine, weight)

    def save(self, **more):
        save({"half": {n: t.half().cpu() for n, t in self.average.items()}, "config": vars(self.halves.codec.config),
              **self.stored(), **more}, os.path.join(self.a.out, self.name + ".pt"))

    def stored(self):
        return {}

    def capture(self, learn, what):
        begin = time.time()
        step, good = graphed(learn)
        self.log(f"{what}ready, graph {good}, {time.time() - begin:.1f} s"
                 + (f", {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB" if CUDA else ""))
        return step

    def prepare(self, *learn):
        if CUDA:                    # a step on noise, so that compiling is done when the corpus comes
            begin = time.time()
            self.dataset.sound[:500].random_(-3000, 3000)
            self.total.fill_(500)
            for one in learn:
                one()
            torch.cuda.synchronize()
            self.log(f"tried, {time.time() - begin:.1f} s")
        self.dataset.wait(self.clock)
        self.total.fill_(self.dataset.count)
        self.optimizer.rate(1e-6)
        self.step = self.capture(learn[0], "")

    def train(self):
        """Steps until the clock says so; how many."""
        a, clock, often = self.a, self.clock, 20 if self.a.tiny else 200
        clock.start()
        steps, mark, last, pace, seen = 0, (time.time(), 0), time.time(), Pace(), []
        while not clock.over():
            lr = self.pace_rates(steps)
            self.step()
            steps += 1
            if steps % 4 == 0:
                self.mean(1 - min(self.keep, (steps + 1) / (steps + 30)) ** 4)
            if steps % 10 == 0:
                seen.append(self.shown.clone())
            pace()
            if CUDA and a.rest:
                time.sleep(a.rest)
            if steps % often == 0:
                now = time.time()
                self.log(f"{steps} {self.told(*torch.stack(seen).mean(0).tolist())} lr {lr:.1e} "
                         f"{(steps - mark[1]) / (now - mark[0]):.1f} steps/s {self.dataset.items} utterances")
                mark, seen = (now, steps), []
                if self.dataset.take():
                    self.total.fill_(self.dataset.count)
            if time.time() > last + (6 if a.tiny else 60):
                self.save()
                last = time.time()
        return steps
