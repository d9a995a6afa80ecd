# SPDX-License-Identifier: MIT
"""The codec's decoder: latents to sound; spectra first, discriminators later."""
import os
import time

import torch

from common import CUDA, DEVICE, HOP, Clock, Dataset, Log, Pace, arguments, graphed, rate, save
from sound import Discriminators, Halves, Spectra, discriminator_loss, generator_loss, sizes

WARM = 4            # frames at a crop's beginning that lack their past: computed but not judged


class Trainer:
    def __init__(self, a):
        self.a, self.clock = a, Clock(a, reserve=5.0)
        self.log = Log(a, "decoder", self.clock)
        self.dataset = Dataset(a, 5000 if a.tiny else int(a.soundhours * 3600 * 21.6), sound=True)
        self.frames, self.size = (8, 2) if a.tiny else (a.frames, a.batch)
        torch.manual_seed(2)
        self.halves = Halves(sizes(a.tiny)).to(DEVICE)
        self.half = self.halves.half("decoder")
        if a.start:
            stored = torch.load(os.path.join(a.start, "decoder.pt"), map_location="cpu", weights_only=True)["half"]
            self.half.load_state_dict({n: t.float() for n, t in stored.items()})
        self.average = {n: t.clone() for n, t in self.half.state_dict().items()}
        mine = self.half.state_dict()
        self.mine, self.means = list(mine.values()), [self.average[n] for n in mine]
        self.spectra, self.discriminators = Spectra().to(DEVICE), Discriminators(a.tiny).to(DEVICE)
        self.params = [p for p in self.half.parameters() if p.requires_grad]
        self.judging = list(self.discriminators.parameters())
        count = lambda params: sum(p.numel() for p in params)
        self.log(count(self.half.parameters()), "parameters and", count(self.judging), "of discriminators")
        self.lr, self.lr2 = torch.zeros((), device=DEVICE), torch.zeros((), device=DEVICE)
        options = dict(betas=(0.8, 0.99), weight_decay=0.0, fused=True)
        if CUDA:
            self.generator = torch.optim.AdamW(self.params, lr=self.lr, capturable=True, **options)
            self.opponent = torch.optim.AdamW(self.judging, lr=self.lr2, capturable=True, **options)
        else:
            self.generator = torch.optim.AdamW(self.params, lr=1e-3, **options)
            self.opponent = torch.optim.AdamW(self.judging, lr=1e-3, **options)
        self.total, self.push = torch.zeros((), device=DEVICE), torch.zeros((), device=DEVICE)
        self.shown = torch.zeros(5, device=DEVICE)

    def lesson(self):
        at = (torch.rand(self.size, device=DEVICE) * (self.total - self.frames)).long()[:, None]
        at = at + torch.arange(self.frames, device=DEVICE)
        y = self.dataset.latents[at].float()
        y = y + torch.randn_like(y) * torch.rand(len(y), 1, 1, device=DEVICE) * self.a.noise
        x = self.dataset.sound[at[:, WARM:]].flatten(1).float() / 32767
        return y, x

    def plain(self):
        self.generator.zero_grad(set_to_none=True)
        y, x = self.lesson()
        made = self.halves.audio(y)[:, WARM * HOP:]
        loss, mel = self.spectra(made, x)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.params, 10.0, foreach=True)
        self.generator.step()
        zero = torch.zeros_like(mel)
        self.shown.copy_(torch.stack([loss.detach(), mel, zero, zero, norm.detach()]))

    def adversarial(self):
        y, x = self.lesson()
        self.generator.zero_grad(set_to_none=True)
        made = self.halves.audio(y)[:, WARM * HOP:]
        self.opponent.zero_grad(set_to_none=True)
        both = self.discriminators(torch.cat((x, made.detach())))
        split = lambda states, part: [[s.chunk(2)[part] for s in c] for c in states]
        verdict = discriminator_loss(split(both, 0), split(both, 1))
        verdict.backward()
        torch.nn.utils.clip_grad_norm_(self.judging, 10.0, foreach=True)
        self.opponent.step()
        for p in self.judging:
            p.requires_grad_(False)
        both = self.discriminators(torch.cat((x, made)))
        fool, alike = generator_loss(split(both, 0), split(both, 1))
        loss, mel = self.spectra(made, x)
        (loss + self.push * (fool + 2 * alike)).backward()
        for p in self.judging:
            p.requires_grad_(True)
        norm = torch.nn.utils.clip_grad_norm_(self.params, 20.0, foreach=True)
        self.generator.step()
        self.shown.copy_(torch.stack([loss.detach(), mel, verdict.detach(), fool.detach(), norm.detach()]))

    @torch.no_grad()
    def mean(self, weight):
        torch._foreach_lerp_(self.means, self.mine, weight)

    def save(self):
        save({"half": {n: t.half().cpu() for n, t in self.average.items()}, "config": vars(self.halves.codec.config)},
             os.path.join(self.a.out, "decoder.pt"))

    def rates(self, lr, lr2):
        if CUDA:
            self.lr.fill_(lr), self.lr2.fill_(lr2)
        else:
            for o, v in ((self.generator, lr), (self.opponent, lr2)):
                for group in o.param_groups:
                    group["lr"] = v

    def run(self):
        a, clock, log = self.a, self.clock, self.log
        if CUDA:                    # a step on noise, so that compiling is done when the corpus comes
            begin = time.time()
            self.dataset.sound[:500].random_(-3000, 3000)
            self.total.fill_(500)
            self.plain()
            if a.discriminators > 0:
                self.adversarial()
            torch.cuda.synchronize()
            log(f"tried, {time.time() - begin:.1f} s")
        self.dataset.wait(clock)
        self.total.fill_(self.dataset.count)
        self.rates(1e-6, 1e-6)
        begin = time.time()
        step, good = graphed(self.plain)
        log(f"ready, graph {good}, {time.time() - begin:.1f} s"
            + (f", {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB" if CUDA else ""))
        clock.start()
        steps, phase, mark, last, pace, seen = 0, 0, (time.time(), 0), time.time(), Pace(), []
        since = 0
        while not clock.over():
            if phase == 0 and clock.done() > a.after and a.discriminators > 0:
                phase, since = 1, steps
                self.save()
                begin = time.time()
                self.rates(1e-6, 1e-6)
                try:
                    step, good = graphed(self.adversarial)
                    log(f"discriminators ready, graph {good}, {time.time() - begin:.1f} s"
                        + (f", {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB" if CUDA else ""))
                except Exception as e:      # noqa: BLE001
                    log(f"no discriminators: {type(e).__name__} {str(e)[:300]}")
                    step, good = graphed(self.plain)
            lr = rate(steps, clock.done(), a.lr, 200, flat=0.1)
            if phase:
                self.push.fill_(a.discriminators * min(1.0, (steps - since) / 300))
            lr2 = a.lr2 * min(1.0, (steps - since + 1) / 100) * (1 - 0.7 * clock.done())
            self.rates(lr * (a.slower if phase else 1.0), lr2)
            step()
            steps += 1
            if steps % 4 == 0:
                self.mean(1 - min(0.999, (steps + 1) / (steps + 30)) ** 4)
            if steps % 10 == 0:
                seen.append(self.shown.clone())
            pace()
            if steps % (20 if a.tiny else 200) == 0:
                s, now = torch.stack(seen).mean(0).tolist(), time.time()
                log(f"{steps} spectra {s[0]:.4f} mel {s[1]:.4f} discriminators {s[2]:.3f} fool {s[3]:.3f} "
                    f"norm {s[4]:.2f} lr {lr:.1e} {(steps - mark[1]) / (now - mark[0]):.1f} steps/s {self.dataset.items} utterances")
                mark, seen = (now, steps), []
                if self.dataset.take():
                    self.total.fill_(self.dataset.count)
            if time.time() > last + (6 if a.tiny else 60):
                self.save()
                last = time.time()
        self.save()
        log(f"done after {steps} steps")


if __name__ == "__main__":
    Trainer(arguments(soundhours=(9.5, "of sound that are kept"), lr=(1.5e-3, "peak of the learning rate"),
                      lr2=(4e-4, "the discriminators' learning rate"), frames=(16, "of a crop"), batch=(24, "crops"),
                      noise=(0.3, "on the latents, at most"), discriminators=(3.0, "weight of the discriminators' verdict"),
                      after=(0.4, "of the time before they come"), slower=(0.5, "of the learning rate from then on"))).run()
