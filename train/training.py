# SPDX-License-Identifier: MIT
"""What every training stage does the same way: a schedule by wall clock, checkpoints, a log."""
import math
import os
import random
import time

import numpy as np
import torch


WARM = 100          # steps until the learning rate is at its highest
FLOOR = 0.03        # of it that is left at the end


def device():
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


class Run:
    """One stage's training: trains for `minutes` now, of `total` in all, and goes on where the last call stopped.

    The learning rate is a cosine over the total minutes, so calls of any length make the same schedule.
    """

    def __init__(self, path, parts, params, a, betas, decay=0.0):
        self.path, self.parts, self.params = path, parts, [p for p in params if p.requires_grad]
        self.rate, self.total = a.lr, max(a.total, a.minutes) * 60
        self.optimizer = torch.optim.AdamW(self.params, a.lr, betas=betas, weight_decay=decay, fused=True)
        self.step, self.spent = 0, 0.0
        if os.path.exists(path):
            self.load()
        self.begin = self.saved = time.time()
        self.stop = self.begin + a.minutes * 60
        self.before = self.spent
        self.seen, self.log = {}, open(path + ".log", "a", encoding="ascii")
        seed = 1 + self.step
        torch.manual_seed(seed)
        random.seed(seed)
        self.rng = np.random.default_rng(seed)

    def load(self):
        state = torch.load(self.path, map_location="cpu")
        for name, part in self.parts.items():
            part.load_state_dict(state[name])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.spent = state["step"], state["spent"]

    def save(self):
        state = {name: part.state_dict() for name, part in self.parts.items()}
        state.update(optimizer=self.optimizer.state_dict(), step=self.step, spent=self.spent)
        torch.save(state, self.path + ".tmp")
        os.replace(self.path + ".tmp", self.path)

    def running(self):
        """To be asked before each step: sets the learning rate, saves now and then, and says when to stop."""
        now = time.time()
        self.spent = self.before + now - self.begin
        if now > self.stop or now > self.saved + 60:
            self.saved = now
            self.save()
        done = min(1.0, self.spent / self.total)
        fall = FLOOR + (1 - FLOOR) * (1 + math.cos(math.pi * done)) / 2
        lr = self.rate * min(1, (self.step + 1) / WARM) * fall
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        return now < self.stop

    def descend(self, loss, clip, **shown):
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.params, clip)
        self.optimizer.step()
        self.step += 1
        for name, value in dict(shown, loss=loss.item()).items():
            self.seen.setdefault(name, []).append(value)
        if self.step % 100 == 0:
            means = " ".join(f"{name} {np.mean(values):.4f}" for name, values in self.seen.items())
            self.seen = {}
            line = f"{self.step} {self.spent:.0f}s {means} lr {self.optimizer.param_groups[0]['lr']:.1e}"
            print(line, flush=True)
            print(line, file=self.log, flush=True)


class Average:
    """Exponential moving average of a module's parameters, in a module of its own."""

    def __init__(self, module, copy, decay=0.999):
        self.pairs = list(zip(copy.parameters(), module.parameters()))
        self.decay = decay

    @torch.no_grad()
    def update(self, step):
        decay = min(self.decay, (step + 1) / (step + 10))
        torch._foreach_lerp_([c for c, _ in self.pairs], [p for _, p in self.pairs], 1 - decay)
