"""Train the transformer by flow matching on the stored latents.

    dit.py limited|open [--work DIR] --minutes M [--total M] [--from CKPT] [--compile] [--rehearse]

Reads the latents of the limited corpus, or of both, and for the reference clips DIR/references.npz if it is there: what
the codec's encoder and codebooks make of the sound.  Writes DIR/limited.pt or DIR/open.pt.
"""
import copy
import os

import torch

import grammar
import settings
import training
import voices
from corpus import Corpus, Latents
from spelling import Reader, Spelling
from modules import text
from modules.model import EchoModel, ModelConfig
from modules.neck import SIZE

BATCH = 16
BUCKETS = ((48, 56), (64, 64), (96, 80))      # frames and bytes of text: few shapes, so that compiling pays
PATCH = 4
SPELT = 56                                      # bytes of text in a spelling lesson
CLIP = 20                                       # patches of a reference, at most
END = len(voices.PHONES)                        # the "phone" of padding
TAP = 3                                         # the block whose state must know the phones


def sizes(kind, rehearse):
    """Any words are more to read: two layers more in the text encoder."""
    c = ModelConfig(size=32, hidden=64, text_size=32, text_layers=1, text_hidden=64, speaker_size=32, speaker_layers=1,
                    speaker_hidden=64, latent_layers=1) if rehearse else ModelConfig()
    c.text_layers += 2 * (kind == "open")
    return c


class Batches:
    """Random utterances, each with a different clip of the same speaker."""

    def __init__(self, work, names, rng):
        self.corpus, self.rng = Corpus(work, names), rng
        self.spelling = Spelling()
        items = self.corpus.items
        self.fitting = [[[i for i, item in enumerate(items) if len(item["latents"]) <= frames - 2
                          and len(item["text"]) + 8 <= letters and item["corpus"] == name] for name in names]
                        for frames, letters in BUCKETS]
        self.clips = {v: [item["latents"] for item in items if item["voice"] == v] for v in voices.NAMES}
        self.blur = 0.5                         # what an encoder and codebooks will do to a clip
        path = os.path.join(work, "references.pt")
        if os.path.exists(path):
            self.clips, self.blur = torch.load(path), 0.1

    def dressed(self, sentence):
        """As people type: names or all lower case, most with a full stop."""
        if self.rng.random() < 0.6:
            sentence = grammar.written(sentence)
        return sentence + self.rng.choice([".", ".", ".", "!", "", ""])

    def clip(self, voice):
        """CLIP patches of a few utterances from a random place, and how many of them are seen."""
        rows = torch.cat([self.clips[voice][int(self.rng.integers(len(self.clips[voice])))] for _ in range(4)])
        start = int(self.rng.integers(0, max(1, min(40, len(rows) - CLIP * PATCH + 1))))
        rows = rows[start:start + CLIP * PATCH]
        count = int(self.rng.integers(3, CLIP + 1)) * PATCH
        return rows, min(count, len(rows) // PATCH * PATCH)

    def draw(self):
        bucket = int(self.rng.choice(len(BUCKETS), p=[0.4, 0.35, 0.25]))
        frames, letters = BUCKETS[bucket]
        kinds = self.fitting[bucket]
        rows = [int(self.rng.choice(kinds[0 if self.rng.random() < 0.3 else -1])) for _ in range(BATCH)]
        x = torch.zeros(BATCH, frames, SIZE)
        phones = torch.full((BATCH, frames), END)
        clips = torch.zeros(BATCH, CLIP * PATCH, x.shape[2])
        seen = torch.zeros(BATCH, CLIP * PATCH, dtype=torch.bool)
        for r, i in enumerate(rows):
            item, y = self.corpus.items[i], self.corpus.latents(i)
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

    def spelt(self):
        """Texts and their phones, half sentences of the corpus and half dictionary words at random."""
        rows = []
        while len(rows) < BATCH:
            said = self.spelling.words_at_random(self.rng, SPELT - 8)
            if len(rows) % 2:
                said = self.corpus.items[int(self.rng.integers(len(self.corpus)))]["text"]
            phones = self.spelling.phones(said)
            if phones and len(said) + 8 <= SPELT:
                rows.append((self.dressed(said), phones))
        ids, mask = text.batch([said for said, _ in rows], SPELT)
        lengths = torch.tensor([len(phones) for _, phones in rows])
        targets = torch.zeros(BATCH, 2 * SPELT, dtype=torch.long)
        for row, (_, phones) in zip(targets, rows):
            row[:len(phones)] = torch.tensor(phones)
        return ids, mask, targets, lengths

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


def begin_from(losses, average, state):
    """Another run's weights; layers that it did not have start as if they were not there."""
    for part, name in ((losses, "losses"), (average, "model")):
        missing, _ = part.load_state_dict(state[name], strict=False)
        own = dict(part.named_parameters())
        for parameter in missing:
            if parameter.endswith(("attention.wo.weight", "mlp.w2.weight")):
                torch.nn.init.zeros_(own[parameter])


def main():
    kind, a = settings.arguments(__doc__, ("limited", "open"), minutes=(60.0, "to train now"), total=(0.0, "minutes of the whole schedule"),
                           lr=(1.5e-3, "learning rate at its highest"), threads=(1, "of the CPU"),
                           weight=(0.2, "of the phones in the loss"), spell=(0.3, "of the spelling lessons, every second step"),
                           start=("", "checkpoint to begin from, of another corpus"),
                           compile=(False, "let PyTorch compile the step (needs a C++ compiler)"))
    torch.set_num_threads(a.threads)
    torch.manual_seed(0)
    model = EchoModel(sizes(kind, a.rehearse))
    start_gates(model)
    average = copy.deepcopy(model)
    losses, reader = Losses(model), Reader(model.config.text_size)
    place = training.device()
    losses.to(place), average.to(place), reader.to(place)
    if a.start:
        begin_from(losses, average, torch.load(a.start, map_location=place))
    run = training.Run(os.path.join(a.work, kind + ".pt"), {"model": average, "losses": losses, "reader": reader},
                       [*losses.parameters(), *reader.parameters()], a, betas=(0.9, 0.98), decay=0.01)
    ema = training.Average(model, average)
    encode = lambda ids, mask: model.text_norm(model.text_encoder(ids, mask))
    fast = losses
    if a.compile:
        fast, encode = torch.compile(losses, dynamic=False), torch.compile(encode, dynamic=False)
    batches = Batches(a.work, ("limited", "open")[:1 + (kind == "open")], run.rng)
    print(sum(p.numel() for p in model.parameters()), "parameters")
    while run.running():
        x, *rest = (v.to(place) for v in batches.draw())
        noise, t = torch.randn_like(x), batches.time().to(place)
        if run.rng.random() < 0.07:             # a block that continues: other shapes each time, so not compiled
            velocity, phone = losses(x, noise, t, *rest, start=4 * int(run.rng.integers(1, x.shape[1] // 8)))
        else:
            velocity, phone = fast(x, noise, t, *rest)
        loss, shown = velocity + a.weight * phone, {"velocity": velocity.item(), "phone": phone.item()}
        if kind == "open" and run.step % 2:
            spelling = reader(encode, *(v.to(place) for v in batches.spelt()))
            loss, shown = loss + a.spell * spelling, dict(shown, spelling=spelling.item())
        run.descend(loss, 1.0, **shown)
        ema.update(run.step)


if __name__ == "__main__":
    main()
