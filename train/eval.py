# SPDX-License-Identifier: MIT
"""Let the trained parts speak the dev sentences, as they are in training: for looking, not for reporting.

    eval.py [--what source|latents|encoder|dit] [--work DIR] [--count N] [--model limited.pt|open.pt] [--open]

source: the synthesiser; latents: the decoder on the true latents; encoder: the decoder on what the encoder makes of the
source; dit: everything.  Writes DIR/heard/*.wav and DIR/heard/list.tsv (file, voice, sentence), for a recogniser
to listen to (tests/quality).
"""
import os

import numpy as np
import torch

import grammar
import settings
import texts
import voices
from codec import Halves, sizes
from corpus import Corpus
from features import features
from modules import text
from modules.model import EchoModel
from modules.sampler import Options, end_of_speech, sample
from modules.wav import write_wav
import dit

FRAMES = 40         # of a clip


class Speaker:
    def __init__(self, a):
        self.a = a
        self.pca = torch.load(os.path.join(a.work, "pca.pt"))
        made = [part for part in ("decoder", "encoder") if os.path.exists(os.path.join(a.work, part + ".pt"))]
        self.halves = Halves(sizes(a.rehearse)).load(a.work, *made).eval()
        if a.what == "dit":
            self.model = EchoModel(dit.sizes(a.model.partition(".")[0], a.rehearse)).eval()
            self.model.load_state_dict(torch.load(os.path.join(a.work, a.model))["model"])
            corpus = Corpus(a.work)
            first = {v: [i for i in range(len(corpus)) if corpus.items[i]["voice"] == v][:2] for v in voices.NAMES}
            self.clips = {v: torch.cat([corpus.latents(i) for i in rows])[:FRAMES] for v, rows in first.items()}

    def truth(self, sentence, voice):
        x = torch.from_numpy(voices.speak([sentence], voice)[0][0] / np.float32(32768))
        return x, (features(x) - self.pca["mean"]) @ self.pca["forward"]

    def sampled(self, sentences, voice, generator):
        a = self.a
        ids, mask = text.batch([s[0].upper() + s[1:] + "." for s in sentences])
        clip = self.clips[voice].expand(len(sentences), -1, -1)
        seen = torch.ones(clip.shape[:2], dtype=torch.bool)
        noise = torch.randn(len(sentences), a.frames, clip.shape[2], generator=generator)
        options = Options(a.steps, a.cfg_text, a.cfg_speaker, a.cfg_min_t, 1.0, a.truncation)
        words, like = self.model.text_context(ids, mask), self.model.speaker_context(clip, seen)
        return sample(self.model, words, like, noise, options)

    @torch.no_grad()
    def speak(self, sentences, voice, generator):
        if self.a.what == "dit":
            rows = [row[:max(4, end_of_speech(row))] for row in self.sampled(sentences, voice, generator)]
        else:
            pairs = [self.truth(s, voice) for s in sentences]
            if self.a.what == "source":
                return [x for x, _ in pairs]
            rows = [y if self.a.what == "latents" else self.halves.numbers(x[None, None])[0] for x, y in pairs]
        return [self.halves.audio(row[None])[0] for row in rows]


def main():
    a = settings.arguments(
        __doc__, what=("dit", "source, latents, encoder or dit"), model=("limited.pt", "checkpoint of the transformer"),
        open=(False, "sentences of any words"), count=(20, "sentences"), steps=(20, "of the sampler"),
        frames=(96, "of the window"), cfg_text=(3.0, "guidance"), cfg_speaker=(1.0, "guidance"),
        cfg_min_t=(0.3, "where guidance ends"), truncation=(1.0, "of the noise"), seed=(1, "of the noise"))
    torch.set_num_threads(1)
    folder = os.path.join(a.work, "heard")
    os.makedirs(folder, exist_ok=True)
    speaker, generator = Speaker(a), torch.Generator().manual_seed(a.seed)
    sentences = (texts.held_out() if a.open else grammar.held_out("dev"))[:a.count]
    with open(os.path.join(folder, "list.tsv"), "w", encoding="ascii") as f:
        for v, voice in enumerate(voices.NAMES):
            mine = sentences[v::len(voices.NAMES)]
            for i, (sentence, x) in enumerate(zip(mine, speaker.speak(mine, voice, generator))):
                path = os.path.join(folder, f"{voice}-{i}.wav")
                write_wav(path, x)
                print(path, voice, sentence, sep="\t", file=f)


if __name__ == "__main__":
    main()
