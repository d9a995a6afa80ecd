# SPDX-License-Identifier: MIT
"""How words are said, for teaching the text encoder to read: pocketsphinx's copy of the CMU dictionary."""
import re

import torch

DICTIONARY = "/usr/share/pocketsphinx/model/en-us/cmudict-en-us.dict"
PHONES = ("AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z "
          "ZH").split()
BLANK = len(PHONES)


class Spelling:
    def __init__(self):
        self.said = {}
        with open(DICTIONARY, encoding="latin-1") as f:
            for line in f:
                word, *phones = line.split()
                if re.fullmatch(r"[a-z']+", word):
                    self.said[word] = [PHONES.index(p) for p in phones]
        self.words = sorted(self.said)

    def phones(self, sentence):
        """The phones of a sentence, or None if a word is not in the dictionary."""
        rows = [self.said.get(w) for w in sentence.split()]
        return None if None in rows else [p for row in rows for p in row]

    def words_at_random(self, rng, letters):
        """Dictionary words in a row, as many as fit."""
        out, left = [], letters
        while True:
            word = self.words[int(rng.integers(len(self.words)))]
            if len(word) + 1 > left:
                return " ".join(out) if out else "a"
            out.append(word)
            left -= len(word) + 1


class Reader(torch.nn.Module):
    """Two guesses at a phone for each letter from what the text encoder leaves, judged by CTC.  Not exported."""

    def __init__(self, size):
        super().__init__()
        self.guess = torch.nn.Linear(size, 2 * (BLANK + 1))

    def forward(self, encode, ids, mask, targets, lengths):
        scores = self.guess(encode(ids, mask)).unflatten(2, (2, BLANK + 1)).flatten(1, 2).log_softmax(-1)
        return torch.nn.functional.ctc_loss(scores.transpose(0, 1), targets, 2 * mask.sum(1), lengths, BLANK,
                                            reduction="none", zero_infinity=True).div(lengths).mean()
