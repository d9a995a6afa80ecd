# SPDX-License-Identifier: MIT
"""The transformer: flow matching on the corpus's latents, one CUDA graph for each window."""
import os
import time

import numpy as np
import torch
import torch.nn.functional as F

from common import CUDA, DEVICE, Clock, Dataset, Log, Pace, arguments, graphed, rate, save
from fast import Fast, Weights, bias_of
from modules.model import EchoModel, ModelConfig

TAP = 4             # the block whose state must know the phones
BUCKETS = ((64, 64, 384), (128, 112, 192), (256, 208, 96))      # frames, bytes of text, utterances
OFTEN = (0.30, 0.42, 0.28)
CLIP = PAST = 24    # patches of a reference and of a past, at most
SPELT = 56
ALONE = 200         # steps in which new layers of the auxiliary losses learn alone, where the others go on


def sizes(tiny):
    if tiny:
        return ModelConfig(size=32, heads=4, hidden=64, layers=6, text_size=32, text_layers=2, text_hidden=64,
                           speaker_size=32, speaker_layers=1, speaker_hidden=64, latent_layers=1)
    return ModelConfig(size=192, layers=8, heads=6, hidden=512, text_size=192, text_layers=6, text_heads=6,
                       text_hidden=512, speaker_size=128, speaker_layers=2, speaker_heads=4, speaker_hidden=256,
                       latent_layers=1)


def start_gates(model):
    for b in model.blocks:
        for ada in (b.attention_adaln, b.mlp_adaln):
            torch.nn.init.constant_(ada.gate_up.bias, 0.3)
    torch.nn.init.zeros_(model.out_proj.weight)


class Texts:
    def __init__(self, work):
        c = np.load(os.path.join(work, "corpus.npz"))
        self.classes = len(c["names"])
        n = c["text_n"].astype(np.int64)
        self.n, width = n, max(b for _, b, _ in BUCKETS)
        self.ids = torch.from_numpy(self.table(c["text"], n, width)).to(DEVICE)
        self.length = torch.from_numpy(n).to(DEVICE)
        self.spell_n, self.said_n = c["spell_n"].astype(np.int64), c["said_n"].astype(np.int64)
        self.spell = torch.from_numpy(self.table(c["spell"], self.spell_n, SPELT)).to(DEVICE)
        self.said = torch.from_numpy(self.table(c["said"], self.said_n, 96)).to(DEVICE)

    @staticmethod
    def table(flat, n, width):
        out = np.zeros((len(n), width), np.uint8)
        first = np.cumsum(n) - n
        row = np.repeat(np.arange(len(n)), n)
        column = np.arange(len(flat)) - np.repeat(first, n)
        keep = column < width
        out[row[keep], column[keep]] = flat[keep]
        return out


class Lists:
    """Which items suit which window; on the device, growing."""

    def __init__(self, capacity):
        make = lambda: torch.zeros(capacity, dtype=torch.long, device=DEVICE)
        self.first, self.n, self.text, self.low, self.high = (make() for _ in range(5))
        self.fit = [make() for _ in BUCKETS]
        self.count = [torch.zeros((), device=DEVICE) for _ in BUCKETS]
        self.rows, self.rng = [[] for _ in BUCKETS], np.random.default_rng(3)
        self.done = 0

    def grow(self, dataset, texts):
        a, b = self.done, dataset.items
        for t, v in ((self.first, dataset.first), (self.n, dataset.n), (self.text, dataset.id), (self.low, dataset.low),
                     (self.high, dataset.high)):
            t[a:b] = torch.tensor(np.array(v[a:b]), device=DEVICE)
        for i in range(a, b):
            fitting = [k for k, (frames, letters, _) in enumerate(BUCKETS)
                       if dataset.n[i] + 2 <= frames and texts.n[dataset.id[i]] <= letters]
            for place, k in enumerate(fitting):
                if place == 0 or self.rng.random() < (0.0, 0.3, 0.12)[place]:
                    self.rows[k].append(i)
        for k, rows in enumerate(self.rows):
            self.fit[k][:len(rows)] = torch.tensor(rows, dtype=torch.long, device=DEVICE)
            self.count[k].fill_(len(rows))
        self.done = b


class Trainer:
    def __init__(self, a):
        self.a = a
        self.clock = Clock(a, reserve=5.0)
        self.log = Log(a, "dit", self.clock)
        self.texts = Texts(a.work)
        self.dataset = Dataset(a, 20000 if a.tiny else int(a.hours * 3600 * 21.6), phones=True)
        self.lists = Lists(len(self.texts.n))
        self.config = sizes(a.tiny)
        torch.manual_seed(0)
        model = EchoModel(self.config)
        start_gates(model)
        if a.start:
            state = {}
            for part in "ab":
                state |= torch.load(os.path.join(a.start, f"dit_{part}.pt"), map_location="cpu", weights_only=True)["state"]
            model.load_state_dict(state)
        work = torch.bfloat16 if CUDA else torch.float32
        self.fast = Fast(self.config, DEVICE, work)
        tensors = self.fast.pack(model.state_dict())
        classes = self.texts.classes
        for name, rows, size in (("phone", 4 * (classes + 1), self.config.size),
                                 ("reader", 2 * classes, self.config.text_size)):
            tensors[name] = torch.empty(rows, size).uniform_(-1, 1) / size ** 0.5
            tensors[name + "_b"] = torch.zeros(rows)
        self.weights = Weights(tensors, work, DEVICE)
        self.log(sum(t.numel() for t in model.state_dict().values()), "parameters")
        own = [n for n in self.weights.names if not n.startswith("reader")]
        reading = [n for n in self.weights.names if n.startswith(("text.", "reader")) and n != "text.kv"]
        options = dict(betas=(0.9, 0.98), weight_decay=0.01, fused=True)
        self.lr, self.lr2 = (torch.zeros((), device=DEVICE) for _ in range(2))
        if CUDA:
            self.main = torch.optim.AdamW([self.weights.master[n] for n in own], lr=self.lr, capturable=True, **options)
        else:
            self.main = torch.optim.AdamW([self.weights.master[n] for n in own], lr=1e-3, **options)
        self.second = torch.optim.AdamW([self.weights.master[n] for n in reading], lr=1e-3, **options)
        self.own, self.reading = own, reading
        self.shown = [torch.zeros(4, device=DEVICE) for _ in BUCKETS]
        self.open = torch.zeros((), device=DEVICE)          # 0: the auxiliary losses train their own layer alone
        self.step_of = {}
        self.steps, self.rng = 0, np.random.default_rng(7)

    def batch(self, k):
        """Data of one step, all on the device."""
        frames, letters, size = BUCKETS[k]
        size = 6 if self.a.tiny else int(size * self.a.scale) // 8 * 8
        L, dataset = self.lists, self.dataset
        rand = lambda *shape: torch.rand(*shape, device=DEVICE)
        below = lambda n: (rand(size) * n).long()           # 0 .. n - 1
        row = L.fit[k][below(L.count[k])]
        first, n, text = L.first[row], L.n[row], L.text[row]
        # No scalars from the host, so that a graph can do it.
        start = 4 * (1 + below((n // 8).clamp(1, PAST))) * (rand(size) < 0.08) * (n > 16)
        at = start[:, None] + torch.arange(frames, device=DEVICE)
        alive = at < n[:, None]
        place = (first[:, None] + at).clamp(max=dataset.frames - 1)
        x = dataset.latents[place].float() * alive[..., None]
        phones = dataset.phones[place].long() * alive[..., None] + self.texts.classes * ~alive[..., None]
        past_at = torch.arange(PAST * 4, device=DEVICE)
        has_past = past_at < start[:, None]
        past = dataset.latents[(first[:, None] + past_at).clamp(max=dataset.frames - 1)].float() * has_past[..., None]
        low, high = L.low[row], L.high[row]
        span = (high - low - CLIP * 4).clamp_min(1)
        clip_at = low[:, None] + below(span)[:, None] + torch.arange(CLIP * 4, device=DEVICE)
        seen = torch.arange(CLIP, device=DEVICE) < (3 + below(torch.full_like(n, CLIP - 2)))[:, None]
        clip = dataset.latents[torch.minimum(clip_at, high[:, None] - 1)].float()
        clip = (clip + torch.randn_like(clip) * rand(size, 1, 1) * 0.5) * seen.repeat_interleave(4, 1)[..., None]
        ids = self.texts.ids[text, :letters].long()
        mask = torch.arange(letters, device=DEVICE) < self.texts.length[text][:, None]
        keep_text, keep_voice = rand(size, 1) >= 0.1, rand(size, 1) >= 0.1
        t = torch.where(rand(size) < 0.7, torch.sigmoid(torch.randn(size, device=DEVICE) + 1.0), rand(size))
        far = at >= n[:, None] + 24
        weight = 1 - 0.75 * far.float()
        return x, phones, past, has_past[:, ::4], clip, seen & keep_voice, ids, mask, keep_text, t, at, weight

    def losses(self, k):
        w, f = self.weights.work, self.fast
        x, phones, past, has_past, clip, seen, ids, mask, keep_text, t, at, weight = self.batch(k)
        noise = torch.randn_like(x)
        noisy = x + t[:, None, None] * (noise - x)
        contexts = [f.context(w, "text", f.text(w, ids, mask)),
                    f.context(w, "speaker", f.patches(w, "speaker", clip)),
                    f.context(w, "latent", f.patches(w, "latent", past), torch.arange(PAST, device=DEVICE) * 4)]
        own = torch.ones(x.shape[:2], dtype=torch.bool, device=DEVICE)
        bias = bias_of(torch.cat((own, mask & keep_text, seen, has_past), 1), f.dtype)
        for i, state in enumerate(f.states(w, noisy, t, at, contexts, bias)):
            if i == TAP:
                tap = state
        total = weight.sum()
        velocity = ((f.velocity(w, state) - (noise - x)).square().mean(-1) * weight).sum() / total
        tap = tap.detach() + self.open * (tap - tap.detach())
        scores = F.linear(tap.to(f.dtype), w["phone"], w["phone_b"]).float().unflatten(-1, (4, -1))
        wrong = F.cross_entropy(scores.flatten(0, 2), phones.flatten(), reduction="none").view(phones.shape).mean(-1)
        heard = weight * keep_text
        phone = (wrong * heard).sum() / heard.sum().clamp_min(1)
        sounds = heard * (phones[..., 0] < self.texts.classes)
        right = ((scores.detach().argmax(-1) == phones).float().mean(-1) * sounds).sum() / sounds.sum().clamp_min(1)
        return velocity, phone, right

    def step(self, k):
        self.weights.clear()
        velocity, phone, right = self.losses(k)
        (velocity + self.a.phone * phone).backward()
        self.weights.fetch(self.own)
        masters = [self.weights.master[n] for n in self.own]
        norm = torch.nn.utils.clip_grad_norm_(masters, 1.0, foreach=True)
        self.main.step()
        self.weights.push(self.own)
        self.shown[k].copy_(torch.stack([velocity.detach(), phone.detach(), right.detach(), norm.detach()]))

    def spelling(self, lr):
        size = 8 if self.a.tiny else 64
        w, names = self.weights.work, self.reading
        rows = self.rng.integers(len(self.texts.spell_n), size=size)
        r = torch.from_numpy(rows).to(DEVICE)
        n = torch.from_numpy(self.texts.spell_n[rows])
        mask = torch.arange(SPELT, device=DEVICE) < n.to(DEVICE)[:, None]
        state = self.fast.text(w, self.texts.spell[r].long(), mask)
        if self.a.start and self.steps < ALONE:
            state = state.detach()
        scores = F.linear(state, w["reader"], w["reader_b"]).float().unflatten(-1, (2, -1)).flatten(1, 2).log_softmax(-1)
        lengths = torch.from_numpy(self.texts.said_n[rows])
        loss = F.ctc_loss(scores.transpose(0, 1), self.texts.said[r].long(), 2 * n, lengths, 0, reduction="none",
                          zero_infinity=True)
        loss = (loss / lengths.to(DEVICE)).mean()
        self.weights.clear(names)
        loss.backward()
        self.weights.fetch(names)
        torch.nn.utils.clip_grad_norm_([self.weights.master[i] for i in names], 1.0, foreach=True)
        for group in self.second.param_groups:
            group["lr"] = lr
        self.second.step()
        self.weights.push(names)
        return loss.detach()

    def save(self):
        state = self.fast.unpack({n: t.cpu() for n, t in self.weights.average.items()})
        state = {n: t.to(torch.bfloat16).clone() for n, t in state.items()}
        names, half = list(state), {"a": {}, "b": {}}
        for n in names:
            blocks = n.startswith("blocks.") and int(n.split(".")[1]) * 8 >= 3 * self.config.layers
            half["b" if blocks else "a"][n] = state[n]
        for part, values in half.items():
            save({"state": values, "step": self.steps, "config": vars(self.config)},
                 os.path.join(self.a.out, f"dit_{part}.pt"))

    def pretend(self):
        """Steps on nothing, at rate 0, so that compiling is done when the corpus comes."""
        L, begin = self.lists, time.time()
        L.n[:1], L.high[:1] = 40, 2000
        for k in range(len(BUCKETS)):
            L.count[k].fill_(1)
            try:
                self.step(k)
                torch.cuda.synchronize()
                self.log(f"window {BUCKETS[k][0]} tried, {time.time() - begin:.1f} s")
            except Exception as e:      # noqa: BLE001
                self.log(f"trying failed: {type(e).__name__} {str(e)[:500]}")
                raise

    def run(self):
        a, clock, log = self.a, self.clock, self.log
        if CUDA:
            self.pretend()
        self.dataset.wait(clock)
        while self.dataset.take():
            pass
        self.lists.grow(self.dataset, self.texts)
        log(f"{self.dataset.items} utterances, in windows {[len(r) for r in self.lists.rows]}")
        ways = [k for k in range(len(BUCKETS)) if self.lists.rows[k]]
        self.lr.fill_(1e-6)
        for group in self.main.param_groups:
            if not CUDA:
                group["lr"] = 1e-6
        for k in ways:
            begin = time.time()
            self.step_of[k], good = graphed(lambda k=k: self.step(k))
            log(f"window {BUCKETS[k][0]} ready, graph {good}, {time.time() - begin:.1f} s"
                + (f", {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB" if CUDA else ""))
        clock.start()
        pace, seen, spelt, last, mark = Pace(), [], [], time.time(), (time.time(), 0)
        often = np.array([OFTEN[k] for k in ways]) / sum(OFTEN[k] for k in ways)
        spent = [0, 0]
        while not clock.over():
            lr = rate(self.steps, clock.done(), a.lr, 300, flat=0.15)
            if CUDA:
                self.lr.fill_(lr)
            else:
                for group in self.main.param_groups:
                    group["lr"] = lr
            self.open.fill_(float(not a.start or self.steps >= ALONE))
            k = ways[int(self.rng.choice(len(ways), p=often))]
            self.step_of[k]()
            self.steps += 1
            if self.steps % a.spellevery == 0 and clock.done() < 0.8:
                spelt.append(self.spelling(lr))
            if self.steps % 4 == 0:
                self.weights.mean(1 - min(0.999, (self.steps + 1) / (self.steps + 30)) ** 4)
            if self.steps % 25 == 0:
                seen.append(self.shown[k].clone())
            pace()
            if self.steps % (20 if a.tiny else 250) == 0:
                s = torch.stack(seen).mean(0).tolist() if seen else [0] * 4
                e = torch.stack(spelt).mean().item() if spelt else 0
                now = time.time()
                log(f"{self.steps} velocity {s[0]:.4f} phone {s[1]:.4f} right {100 * s[2]:.1f} % norm {s[3]:.2f} "
                    f"spelling {e:.3f} lr {lr:.1e} {(self.steps - mark[1]) / (now - mark[0]):.1f} steps/s "
                    f"{self.dataset.items} utterances")
                mark, seen, spelt = (now, self.steps), [], []
                grown = False
                while self.dataset.take():
                    grown = True
                if grown:
                    self.lists.grow(self.dataset, self.texts)
            if time.time() > last + (6 if a.tiny else 60):
                self.save()
                last = time.time()
        self.save()
        log(f"done after {self.steps} steps")


if __name__ == "__main__":
    args = arguments(hours=(41.0, "of speech that are kept"), lr=(1.8e-3, "peak of the learning rate"),
                     phone=(0.2, "weight of the phone loss"), spellevery=(3, "steps between spelling losses"),
                     scale=(1.0, "of the batches"))
    if CUDA:
        from torch.nn.attention import SDPBackend, sdpa_kernel
        with sdpa_kernel([SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]):
            Trainer(args).run()
    else:
        Trainer(args).run()
