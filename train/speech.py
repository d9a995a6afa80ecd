# SPDX-License-Identifier: MIT
"""Let the teachers say the corpus on the device, chunk by chunk, while others already learn from what is there."""
import os
import time

import numpy as np
import torch

from common import CUDA, DEVICE, HOP, RATE, Clock, Log, arguments, save
from corpus import classes
from features import features, fit
from kokoro import Kokoro
from vits import Vits

GAIN, LOUD, LEVEL, MOST = 1.4, 0.08, 0.98, 252   # of the VITS voice; power of Kokoro's (root mean square); clipping; frames
BAND = 10900.0                                  # hertz: what is kept
VOICES = {"joe": 1.0, "deep": 0.87, "bright": 1.17}     # how fast the VITS voice is played: pitch and formants
SHARES = (0.5, 0.13, 0.13)                      # the others are random
KEPT_BACK = "jf_tebukuro"                       # the style that is never heard in training
EACH = 50                                       # sentences of a random voice in a chunk
EVEN = 8 if CUDA else 1                         # sizes are multiples of it: few sizes, few plans of convolutions


def resampled(x, rate, factor):
    """B x samples, played `factor` as fast, at 44.1 kHz, by Fourier; and what the factor came to, as lengths are whole."""
    n = x.shape[1] + -x.shape[1] % 1024
    m = max(1, round(n * RATE / rate / factor / 2048)) * 2048
    s = torch.fft.rfft(torch.nn.functional.pad(x, (0, n - x.shape[1])))
    keep = min(s.shape[1] - 1, m // 2, int(BAND / RATE * m))
    s = torch.nn.functional.pad(s[:, :keep], (0, m // 2 + 1 - keep))
    return torch.fft.irfft(s, m) * (m / n), n / rate / (m / RATE)


class Texts:
    def __init__(self, path):
        c = np.load(path)
        self.every, self.flat, self.n = c["every"], c["symbols"], c["symbols_n"].astype(np.int64)
        self.first = self.n.cumsum() - self.n
        self.number = {name: i for i, name in enumerate(c["names"].tolist())}

    def symbols(self, i):
        return self.every[self.flat[self.first[i]:self.first[i] + self.n[i]]].tolist()

    def batch(self, teacher, rows):
        """Tokens and classes of the two halves of each, padded; lengths."""
        read = [teacher.read(self.symbols(i)) for i in rows]
        n = np.array([len(ids) for ids, _ in read])
        width = int(n.max()) + -int(n.max()) % 32
        ids, heard = np.zeros((len(rows), width), np.int64), np.zeros((2, len(rows), width), np.uint8)
        for r, (tokens, pairs) in enumerate(read):
            ids[r, :n[r]] = tokens
            for half in (0, 1):
                heard[half, r, :n[r]] = classes(pairs, half, self.number)
        on = lambda a: torch.from_numpy(a).to(DEVICE)
        return on(ids), on(heard), on(n)


class Speech:
    def __init__(self, work, pca=None):
        self.texts = Texts(os.path.join(work, "corpus.npz"))
        self.vits = Vits(os.path.join(work, "vits.npz"), DEVICE)
        self.kokoro = Kokoro(os.path.join(work, "kokoro.npz"), DEVICE)
        self.styles = torch.stack([s for n, s in sorted(self.kokoro.style.items()) if n != KEPT_BACK])
        self.pca = pca and {k: t.to(DEVICE) for k, t in pca.items()}

    @torch.no_grad()
    def say(self, teacher, rows, factor, style, speed, wanted):
        """Texts by number, at one factor.  To (features or latents, phones, sound; frames and places of those kept, of the
        first `wanted`)."""
        ids, heard, n = self.texts.batch(teacher, rows)
        if teacher is self.vits:
            x, frames, place, over = teacher.speak(ids, n, 0.667, 0.6, factor, 32 * EVEN)
        else:
            x, frames, place, over = teacher.speak(ids, n, style, speed, 8 * EVEN)
        x = x * (torch.arange(x.shape[1], device=DEVICE) < frames[:, None] * teacher.HOP)
        power = x.square().sum(1, keepdim=True) / (frames[:, None] * teacher.HOP)
        gain = GAIN if teacher is self.vits else LOUD / power.sqrt()
        y, factor = resampled(x * gain, teacher.RATE, factor)
        heard = torch.where(over < 0.5, heard[0].gather(1, place), heard[1].gather(1, place))
        step = HOP / RATE * teacher.RATE * factor / teacher.HOP         # teacher's frames to one of ours
        count = torch.ceil(frames / step).long()
        most = int(count.max())
        y = torch.nn.functional.pad(y, (0, max(0, most * HOP - y.shape[1])))[:, :most * HOP].clamp(-LEVEL, LEVEL)
        quarters = ((torch.arange(most * 4, device=DEVICE) + 0.5) / 4 * step).long()
        p = heard.gather(1, torch.minimum(quarters[None], frames[:, None] - 1)).view(len(rows), most, 4)
        f = features(y)
        if self.pca is not None:
            f = ((f - self.pca["mean"]) @ self.pca["forward"]).half()
        good = (count <= MOST) & (torch.arange(len(rows), device=DEVICE) < wanted)
        here = (torch.arange(most, device=DEVICE) < count[:, None]) & good[:, None]
        sound = (y * 32767).round().to(torch.int16).view(len(rows), most, HOP)
        return f[here], p[here], sound[here], count[good].cpu().numpy(), np.flatnonzero(good.cpu().numpy())

    def blend(self, rng):
        """A voice: a mixture of styles for the sound, another for the melody."""
        weights = torch.tensor(rng.dirichlet([0.6] * len(self.styles), 2), dtype=torch.float32, device=DEVICE)
        half = self.styles.shape[-1] // 2
        return torch.cat([torch.einsum("v,vld->ld", w, s) for w, s in zip(weights, self.styles.split(half, -1))], 1)

    def chunk(self, items, kind, budget, sounds, rng):
        """What a teacher says of the items, in several voices, sorted by voice."""
        teacher, items = (self.vits, self.kokoro)[kind], np.asarray(items)
        if kind:
            count = max(1, len(items) // EACH)
            factors = np.repeat(np.exp(rng.uniform(-0.13, 0.13, -(-count // 6))), 6)[:count]
            styles = [self.blend(rng) for _ in range(count)]
            voice, speeds = rng.integers(count, size=len(items)), rng.uniform(0.9, 1.15, count)
        else:
            factors = np.array([*VOICES.values(), *np.exp(rng.uniform(-0.2, 0.2, 6))])
            others = len(factors) - len(SHARES)
            voice = rng.choice(len(factors), size=len(items), p=[*SHARES, *[(1 - sum(SHARES)) / others] * others])
        parts, n = [], self.texts.n
        for factor in np.unique(factors):
            mine = np.flatnonzero(factors[voice] == factor)
            mine = mine[np.argsort(-n[items[mine]])]
            while len(mine):
                size = max(8, budget // (2 * n[items[mine[0]]] // (1 + kind)) // 8 * 8)
                now, mine = mine[:size], mine[size:]
                full = np.resize(now, len(now) + -len(now) % EVEN)
                rows, style, speed = items[full], None, 1.0
                if kind:
                    style = torch.stack([styles[v][min(k, len(styles[v])) - 1] for v, k in zip(voice[full], n[rows])])
                    speed = torch.tensor(speeds[voice[full]], dtype=torch.float32, device=DEVICE)[:, None]
                f, p, s, frames, kept = self.say(teacher, rows, float(factor), style, speed, len(now))
                f, s = f if self.pca is None else f.cpu(), s.cpu() if sounds else None
                parts.append((f, p.cpu(), s, frames, rows[kept], voice[full][kept]))
        frames, item, voice = (np.concatenate([part[j] for part in parts]) for j in (3, 4, 5))
        order, first = np.argsort(voice, kind="stable"), frames.cumsum() - frames
        many = frames[order]
        place = torch.from_numpy(np.repeat(first[order] - (many.cumsum() - many), many) + np.arange(many.sum()))
        out = {k: torch.cat([part[j] for part in parts])[place.to(parts[0][j].device)]
               for j, k in enumerate(("latents", "phones", "sound")) if j < 2 or sounds}
        out |= {k: torch.from_numpy(v[order]) for k, v in (("n", frames), ("item", item), ("voice", voice))}
        if self.pca is None:
            y = out["latents"]
            out["pca"], out["kept"] = fit(y)
            self.pca = {k: t.to(DEVICE) for k, t in out["pca"].items()}
            out["latents"] = ((y - self.pca["mean"]) @ self.pca["forward"]).half().cpu()
        return out


def main():
    a = arguments(hours=(40.0, "of speech, at most"), soundhours=(9.0, "of it with the sound"),
                  first=(700, "texts of the first chunk"), size=(2400, "texts of a chunk"), budget=(9000, "symbols at a time"))
    torch.backends.cudnn.benchmark = False      # many shapes
    clock = Clock(a)
    log, rng = Log(a, "speech", clock), np.random.default_rng(4)
    if a.tiny:
        a.first, a.size, a.budget, a.hours, a.soundhours = 8, 8, 300, 0.012, 0.02
    start = os.path.join(a.start, "encoder.pt")
    speech = Speech(a.work, torch.load(start, weights_only=True)["pca"] if a.start and os.path.exists(start) else None)
    if speech.pca is not None:
        save({k: t.cpu() for k, t in speech.pca.items()}, os.path.join(a.work, "pca.pt"))
    log("the teachers are ready")
    at, k, hours, begin = 0, 0, 0.0, time.time()
    while hours < a.hours and at < len(speech.texts.n) and not clock.over():
        kind = k % 2
        size = (a.first if k < 2 else a.size) // (1 + kind)     # Kokoro is slower
        items = range(at, min(at + size, len(speech.texts.n)))
        c = speech.chunk(items, kind, a.budget // (1 + kind), hours < a.soundhours, rng)
        if "pca" in c:
            log(f"{100 * c.pop('kept'):.1f} % of the mels' variance kept")
            save(c.pop("pca"), os.path.join(a.work, "pca.pt"))
        at += size
        hours += len(c["latents"]) * HOP / RATE / 3600
        save(c, os.path.join(a.work, f"chunk{k:03d}.pt"))
        k += 1
        log(f"{k} chunks, {hours:.2f} hours, {at} sentences, {hours * 3600 / (time.time() - begin):.0f} times real time, "
            f"mean square {c['latents'].float().square().mean():.3f}, longest {int(c['n'].max())}"
            + (f", {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB" if CUDA else ""))
    log("done")


if __name__ == "__main__":
    main()
