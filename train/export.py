# SPDX-License-Identifier: MIT
"""export.py RESULTS MODEL - what run.sh left, in the published format: weights, a clip of each voice, settings."""
import argparse
import json
import os
import sys

import torch

import books
from corpus import phonemizer
from modules import tensors
from modules.codec import CodecConfig
from modules.neck import SIZE
from modules.wav import write_wav
from common import HERE, HOP
from sound import Halves
from speech import VOICES, Speech

SETTINGS = {"num_steps": 20, "cfg_scale_text": 3, "cfg_scale_speaker": 1.5, "cfg_min_t": 0.3, "truncation_factor": 1,
            "sequence_length": "auto", "max_sequence_length": 256, "frames_per_byte": 1.4, "frames_margin": 20,
            "piece_length": 128, "license": "MIT"}
CLIP = "The morning was bright and cold, and nobody had heard the news. Would you like another cup of tea?"
LONGEST = 88        # frames of a clip


class Reader(Speech):
    """The teachers, saying any text."""

    def __init__(self, work):
        super().__init__(work)
        self.phonemes = phonemizer(self.vits.symbols)
        self.texts.symbols = lambda s: self.phonemes(s)

    def read(self, text, voice, seed=0):
        """Samples at 44.1 kHz: in one of VOICES, or in a style of Kokoro's."""
        torch.manual_seed(seed)
        if voice in VOICES:
            said = self.say(self.vits, [text], VOICES[voice], None, 1.0, 1)
        else:
            style = self.kokoro.style[voice][min(len(self.phonemes(text)), 510) - 1][None]
            said = self.say(self.kokoro, [text], 1.0, style, 1.0, 1)
        return said[2].flatten().float() / 32767


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("results")
    p.add_argument("model")
    p.add_argument("--work", default=os.path.join(HERE, "work"), help="where the teachers' weights are")
    a = p.parse_args()
    stored = lambda name: torch.load(os.path.join(a.results, name), map_location="cpu", weights_only=True)
    encoder, decoder = stored("encoder.pt"), stored("decoder.pt")
    if encoder["books"] is None:
        sys.exit(f"{a.results}/encoder.pt: no codebooks, as the encoder's training did not come to its end")
    halves = Halves(CodecConfig(**decoder["config"]))
    for name, part in (("encoder", encoder), ("decoder", decoder)):
        halves.half(name).load_state_dict({n: t.float() for n, t in part["half"].items()})
    neck = halves.neck
    books.install(halves.codec, neck.kernel().detach(), neck.bias.detach(), encoder["books"])
    os.makedirs(a.model, exist_ok=True)
    path = lambda name: os.path.join(a.model, name)
    mean = torch.cat((torch.zeros(SIZE), torch.ones(halves.neck.channels - SIZE)))
    tensors.save(path("dac.safetensors"), halves.codec.state_dict(), torch.float16)
    tensors.save(path("pca.safetensors"), {"pca_components": torch.eye(len(mean))[:SIZE], "pca_mean": mean,
                                           "latent_scale": torch.ones(1)})
    tensors.save(path("echo.safetensors"), {**stored("dit_a.pt")["state"], **stored("dit_b.pt")["state"]}, torch.bfloat16)
    reader = Reader(a.work)
    for voice, name in (*((v, v) for v in VOICES), ("jm_kumo", "kumo"), ("jf_alpha", "alpha")):
        write_wav(path(name + ".wav"), reader.read(CLIP, voice)[:LONGEST * HOP])
    with open(path("echotts.json"), "w", encoding="ascii") as f:
        json.dump(SETTINGS, f, indent=1)
        f.write("\n")
    for name in sorted(os.listdir(a.model)):
        print(f"{name} {os.path.getsize(path(name))}")


if __name__ == "__main__":
    main()
