"""Train the transformer by flow matching on the stored latents.

    dit.py [--work DIR] --minutes M [--total M] [--compile] [--rehearse]

Reads DIR/latents.npz (and, for the reference clips, DIR/references.npz if it is there: what the codec's encoder and
codebooks make of the corpus); writes DIR/dit.pt.
"""
import copy
import os

import torch

import grammar
import settings
import training
import voices
from corpus import Corpus, Latents
from modules import text
from modules.model import EchoModel, ModelConfig

BATCH = 16
BUCKETS = ((48, 56), (64, 64), (96, 80))      # frames and bytes of text: few shapes, so that compiling pays
PATCH = 4
CLIP = 10                                       # patches of a reference, at most
END = len(voices.PHONES)                        # the "phone" of padding
TAP = 3                                         # the block whose state must know the phones
PROPER = {w for n in ("month", "day", "city", "name") for w in grammar.LISTS[n].split()}


def sizes(rehearse):
    return ModelConfig(size=32, layers=5, hidden=64, text_size=32, text_layers=1, text_hidden=64, speaker_size=32,
                       speaker_layers=1, speaker_hidden=64, latent_layers=1) if rehearse else ModelConfig()


class Batches:
    """Random utterances, each with a different clip of the same speaker."""

    def __init__(self, work, rng):
        self.corpus, self.latents, self.rng = Corpus(work), Latents(work), rng
        exact = not os.path.exists(os.path.join(work, "references.npz"))
        self.references = self.latents if exact else Latents(work, "references.npz")
        self.blur = 0.4 if exact else 0.1       # what an encoder and codebooks will do to a clip
        items = self.corpus.items
        self.fitting = [[i for i, item in enumerate(items) if self.latents.n[i] <= frames - 2
                         and len(item["text"]) + 8 <= letters] for frames, letters in BUCKETS]
        self.by_voice = {v: [i for i, item in enumerate(items) if item["voice"] == v] for v in voices.NAMES}

    def dressed(self, sentence):
        """As people type: names or all lower case, most with a full stop."""
        if self.rng.random() < 0.6:
            sentence = " ".join(w.capitalize() if w in PROPER or w == "i" else w for w in sentence.split())
            sentence = sentence[0].upper() + sentence[1:]
        return sentence + self.rng.choice([".", ".", ".", "!", "", ""])

    def clip(self, voice):
        """CLIP patches of one or two utterances from a random place, and how many of them are seen."""
        rows = torch.cat([self.references.of(int(self.rng.choice(self.by_voice[voice]))) for _ in range(2)])
        start = int(self.rng.integers(0, max(1, min(40, len(rows) - CLIP * PATCH + 1))))
        rows = rows[start:start + CLIP * PATCH]
        count = int(self.rng.integers(3, CLIP + 1)) * PATCH
        return rows, min(count, len(rows) // PATCH * PATCH)

    def draw(self):
        bucket = int(self.rng.choice(len(BUCKETS), p=[0.4, 0.35, 0.25]))
        frames, letters = BUCKETS[bucket]
        rows = self.rng.choice(self.fitting[bucket], BATCH)
        x = torch.zeros(BATCH, frames, self.latents.x.shape[1])
        phones = torch.full((BATCH, frames), END)
        clips = torch.zeros(BATCH, CLIP * PATCH, x.shape[2])
        seen = torch.zeros(BATCH, CLIP * PATCH, dtype=torch.bool)
        for r, i in enumerate(rows):
            item, y = self.corpus.items[i], self.latents.of(i)
            x[r, :len(y)] = y
            phones[r, :len(y)] = torch.tensor(item["phones"][:len(y)])
            clip, count = self.clip(item["voice"])
            clips[r, :len(clip)] = clip
            seen[r, :count] = True
        clips += torch.randn_like(clips) * torch.rand(BATCH, 1, 1) * self.blur
        clips *= seen[..., None]
        ids, mask = text.batch([self.dressed(self.corpus.items[i]["text"]) for i in rows], letters)
        mask = mask & torch.from_numpy(self.rng.random((BATCH, 1)) >= 0.1)
        seen = seen & torch.from_numpy(self.rng.random((BATCH, 1)) >= 0.1)
        return x, phones, ids, mask, clips, seen

    def time(self):
        """Mostly the noisy end, where the text decides what is said."""
        shifted = torch.sigmoid(torch.randn(BATCH) + 1.0)
        return torch.where(torch.rand(BATCH) < 0.7, shifted, torch.rand(BATCH))


class Losses(torch.nn.Module):
    """The velocity's error, and how badly a block's state tells the phone of each frame.

    The second is a help while learning to read: without it the words come much later.  Its layer is not exported.
    """

    def __init__(self, model):
        super().__init__()
        self.model, self.phone = model, torch.nn.Linear(model.config.size, END + 1)

    def forward(self, x, noise, t, phones, ids, mask, clips, seen, start=0):
        model = self.model
        contexts = [model.text_context(ids, mask), model.speaker_context(clips, seen)]
        if start:
            contexts.append(model.latent_context(x[:, :start]))
        noisy = x + t[:, None, None] * (noise - x)
        states = model.states(noisy[:, start:], t, *contexts, start=start)
        error = (model.velocity(states[-1]) - (noise - x)[:, start:]).square().mean()
        guess = self.phone(states[TAP]).flatten(0, 1)
        return error, torch.nn.functional.cross_entropy(guess, phones[:, start:].flatten())


def start_gates(model):
    for b in model.blocks:
        for ada in (b.attention_adaln, b.mlp_adaln):
            torch.nn.init.constant_(ada.gate_up.bias, 0.3)
    torch.nn.init.zeros_(model.out_proj.weight)


def main():
    a = settings.arguments(__doc__, minutes=(60.0, "to train now"), total=(0.0, "minutes of the whole schedule"),
                           lr=(1.5e-3, "learning rate at its highest"), threads=(1, "of the CPU"),
                           weight=(0.2, "of the phones in the loss"),
                           compile=(False, "let PyTorch compile the step (needs a C++ compiler)"))
    torch.set_num_threads(a.threads)
    torch.manual_seed(0)
    model = EchoModel(sizes(a.rehearse))
    start_gates(model)
    average = copy.deepcopy(model)
    losses = Losses(model)
    place = training.device()
    losses.to(place), average.to(place)
    run = training.Run(os.path.join(a.work, "dit.pt"), {"model": average, "losses": losses}, losses.parameters(), a,
                       betas=(0.9, 0.98), decay=0.01)
    ema = training.Average(model, average)
    fast = torch.compile(losses, dynamic=False) if a.compile else losses
    batches = Batches(a.work, run.rng)
    print(sum(p.numel() for p in model.parameters()), "parameters")
    while run.running():
        x, *rest = (v.to(place) for v in batches.draw())
        noise, t = torch.randn_like(x), batches.time().to(place)
        if run.rng.random() < 0.07:             # a block that continues: other shapes each time, so not compiled
            velocity, phone = losses(x, noise, t, *rest, start=4 * int(run.rng.integers(1, x.shape[1] // 8)))
        else:
            velocity, phone = fast(x, noise, t, *rest)
        run.descend(velocity + a.weight * phone, 1.0, velocity=velocity.item(), phone=phone.item())
        ema.update(run.step)


if __name__ == "__main__":
    main()
