# SPDX-License-Identifier: MIT
"""What the transformer is shown: utterances with a clip of the same speaker, and texts with their phones."""
import os

import torch

import grammar
import voices
from corpus import Corpus
from modules import text
from modules.neck import SIZE
from spelling import Spelling

BATCH = 16
BUCKETS = ((48, 56), (64, 64), (96, 80))        # frames and bytes of text: few shapes, so that compiling pays
PATCH = 4
CLIP = 20                                       # patches of a reference, at most
SPELT = 56                                      # bytes of text in a spelling lesson
END = len(voices.PHONES)                        # the "phone" of padding


class Lessons:
    """Random utterances, each with a different clip of the same speaker."""

    def __init__(self, work, names, rng):
        self.corpus, self.rng = Corpus(work, names), rng
        self.spelling = Spelling() if "open" in names else None
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
