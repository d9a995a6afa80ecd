# SPDX-License-Identifier: MIT
"""The codec's decoder: latents to sound; spectra first, discriminators later."""
import torch

from common import DEVICE, HOP, arguments, rate
from half import WARM, HalfTrainer, Rated
from sound import Discriminators, Spectra, discriminator_loss, generator_loss


class Trainer(HalfTrainer):
    name, seed, keep = "decoder", 2, 0.999

    def __init__(self, a):
        super().__init__(a)
        self.spectra, self.discriminators = Spectra().to(DEVICE), Discriminators(a.tiny).to(DEVICE)
        self.judging = list(self.discriminators.parameters())
        count = lambda params: sum(p.numel() for p in params)
        self.log(count(self.half.parameters()), "parameters and", count(self.judging), "of discriminators")
        self.opponent = Rated(self.judging)
        self.push, self.shown = torch.zeros((), device=DEVICE), torch.zeros(5, device=DEVICE)
        self.since = None           # the step at which the discriminators came

    def batch(self):
        at = self.places(self.size, self.frames)
        y = self.dataset.latents[at].float()
        y = y + torch.randn_like(y) * torch.rand(len(y), 1, 1, device=DEVICE) * self.a.noise
        x = self.dataset.sound[at[:, WARM:]].flatten(1).float() / 32767
        return y, x

    def plain(self):
        self.optimizer.adam.zero_grad(set_to_none=True)
        y, x = self.batch()
        made = self.halves.audio(y)[:, WARM * HOP:]
        loss, mel = self.spectra(made, x)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.params, 10.0, foreach=True)
        self.optimizer.adam.step()
        zero = torch.zeros_like(mel)
        self.shown.copy_(torch.stack([loss.detach(), mel, zero, zero, norm.detach()]))

    def adversarial(self):
        y, x = self.batch()
        self.optimizer.adam.zero_grad(set_to_none=True)
        made = self.halves.audio(y)[:, WARM * HOP:]
        self.opponent.adam.zero_grad(set_to_none=True)
        both = self.discriminators(torch.cat((x, made.detach())))
        split = lambda states, part: [[s.chunk(2)[part] for s in c] for c in states]
        verdict = discriminator_loss(split(both, 0), split(both, 1))
        verdict.backward()
        torch.nn.utils.clip_grad_norm_(self.judging, 10.0, foreach=True)
        self.opponent.adam.step()
        for p in self.judging:
            p.requires_grad_(False)
        both = self.discriminators(torch.cat((x, made)))
        fool, alike = generator_loss(split(both, 0), split(both, 1))
        loss, mel = self.spectra(made, x)
        (loss + self.push * (fool + 2 * alike)).backward()
        for p in self.judging:
            p.requires_grad_(True)
        norm = torch.nn.utils.clip_grad_norm_(self.params, 20.0, foreach=True)
        self.optimizer.adam.step()
        self.shown.copy_(torch.stack([loss.detach(), mel, verdict.detach(), fool.detach(), norm.detach()]))

    def told(self, spectra, mel, verdict, fool, norm):
        return f"spectra {spectra:.4f} mel {mel:.4f} discriminators {verdict:.3f} fool {fool:.3f} norm {norm:.2f}"

    def judge(self, steps):
        self.since = steps
        self.save()
        self.optimizer.rate(1e-6)
        self.opponent.rate(1e-6)
        try:
            self.step = self.capture(self.adversarial, "discriminators ")
        except Exception as e:      # noqa: BLE001
            self.log(f"no discriminators: {type(e).__name__} {str(e)[:300]}")
            self.step = self.capture(self.plain, "")

    def pace_rates(self, steps):
        a, done = self.a, self.clock.done()
        if self.since is None and done > a.after and a.discriminators > 0:
            self.judge(steps)
        lr = rate(steps, self.clock.done(), a.lr, 200, flat=0.1)
        judged = self.since is not None
        if judged:
            self.push.fill_(a.discriminators * min(1.0, (steps - self.since) / 300))
        self.optimizer.rate(lr * (a.slower if judged else 1.0))
        self.opponent.rate(a.lr2 * min(1.0, (steps - (self.since or 0) + 1) / 100) * (1 - 0.7 * self.clock.done()))
        return lr

    def run(self):
        self.prepare(self.plain, *([self.adversarial] if self.a.discriminators > 0 else []))
        steps = self.train()
        self.save()
        self.log(f"done after {steps} steps")


if __name__ == "__main__":
    Trainer(arguments(soundhours=(9.5, "of sound that are kept"), lr=(1.5e-3, "peak of the learning rate"),
                      lr2=(4e-4, "the discriminators' learning rate"), frames=(16, "of a crop"), batch=(24, "crops"),
                      noise=(0.3, "on the latents, at most"), discriminators=(3.0, "weight of the discriminators' verdict"),
                      after=(0.4, "of the time before they come"), slower=(0.5, "of the learning rate from then on"),
                      rest=(0.0, "seconds after each step that are left to the others"))).run()
