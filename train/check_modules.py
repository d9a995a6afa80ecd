# SPDX-License-Identifier: MIT
"""Hold the modules against the reference's own results: what is trained is what the program runs.

    check_modules.py [FOLDER]

FOLDER (tests/data/tiny) has a small random model and the reference's results for every part.  Ends with "N passed, N
failed".
"""
import json
import os
import sys

import torch

from dit import sizes
from fast import Fast, bias_of
from modules import tensors, text
from modules.codec import PCA, Codec
from modules.model import EchoModel
from modules.sampler import Options, blockwise, encode_voice, end_of_speech, no_voice, sample, speak, unseen
from modules.wav import read_wav

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tests/data/tiny")
CLOSE, SOUND = 1e-4, 10 ** -3.5         # relative errors: of numbers, and of samples (70 dB)


class Golden:
    def __init__(self, folder):
        load = lambda name: tensors.load(os.path.join(folder, name + ".safetensors"))
        self.folder, self.want = folder, load("expected")
        with open(os.path.join(folder, "expected.json"), encoding="utf-8") as f:
            self.info = json.load(f)
        self.codec, self.pca = Codec.of(load("dac")).eval(), PCA.of(load("pca"))
        self.model = EchoModel.of(load("echo")).eval()
        self.passed = self.failed = 0

    def expect(self, name, good, text):
        self.passed, self.failed = self.passed + bool(good), self.failed + (not good)
        if not good:
            print(f"FAIL {name}: {text}")

    def near(self, name, got, limit=CLOSE):
        ref = self.want[name]
        if got.shape != ref.shape:
            self.expect(name, False, f"shape {tuple(got.shape)}, not {tuple(ref.shape)}")
            return
        error = ((got.double() - ref.double()).norm() / ref.double().norm().clamp_min(1e-30)).item()
        self.expect(name, error <= limit, f"relative error {error:.1e}")

    def voice(self, name="voice.wav"):
        return read_wav(os.path.join(self.folder, name))


def check_text(g):
    for case in g.info["tokenizer"]:
        good = (text.tokens(case["text"]) == case["ids"][:text.MOST]
                and text.normalise(case["text"]) == case["normalized"]
                and text.tokens(case["text"], False) == case["ids_without_normalization"][:text.MOST])
        g.expect("tokenizer", good, case["text"][:40])


def check_encoding(g):
    for case, audio in (("short", g.want["dac_encode.short.audio"][None]), ("voice", g.voice()[None, None]),
                        ("long", g.want["dac_encode.long.audio"][None])):
        zq, codes = (torch.cat(p, 2) for p in zip(*[g.codec.encode(p) for p in audio.split(640 * g.codec.hop, 2)]))
        ref = g.want[f"dac_encode.{case}.codes"]
        g.expect(f"dac_encode.{case}.codes", codes.shape == ref.shape and (codes == ref).all(), "other codes")
        g.near(f"dac_encode.{case}.latent", g.pca.encode(zq))
    x = torch.nn.functional.pad(g.want["dac_encode.short.audio"][None], (0, 6144 - 5000))
    for i, block in enumerate(g.codec.encoder.block):
        x = block(x)
        if f"dac_stages.encoder_{i}" in g.want:
            g.near(f"dac_stages.encoder_{i}", x)
    q = g.codec.quantizer
    g.near("dac_stages.downsample", q.downsample(x))
    g.near("dac_stages.pre_module", q.before(x))


def check_decoding(g):
    for case in ("one", "some", "long"):
        g.near(f"dac_decode.{case}.audio", g.codec.decode(g.pca.decode(g.want[f"dac_decode.{case}.latent"])), SOUND)
    x = g.pca.decode(g.want["dac_decode.some.latent"])
    g.near("dac_stages.zq", x)
    steps = {"post_module": g.codec.quantizer.post_module, "upsample": g.codec.quantizer.upsample}
    steps.update({f"decoder_{i}": g.codec.decoder.model[i] for i in range(3)})
    for name, step in steps.items():
        x = step(x)
        g.near("dac_stages." + name, x)


def check_model(g):
    want, model = g.want, g.model
    ids = want["text_encoder.ids"].long()
    everything = torch.ones_like(ids, dtype=torch.bool)
    latent, prefix = want["speaker_latent.latent"], want["latent_encoder.prefix"]
    words = model.text_context(ids, everything)
    voice = model.speaker_context(latent, want["speaker_latent.mask"].bool())
    g.near("text_encoder.state", model.text_norm(model.text_encoder(ids, everything)))
    g.near("speaker_latent.latent", encode_voice(g.codec, g.pca, g.voice()))
    g.near("speaker_encoder.state", model.speaker_norm(model.speaker_encoder(latent)))
    g.near("latent_encoder.state", model.latent_norm(model.latent_encoder(prefix)))
    for kind, context in (("text", words), ("speaker", voice), ("latent", model.latent_context(prefix))):
        for which, i in (("first", 0), ("last", -1)):
            g.near(f"{kind}_encoder.k_{which}", context[i][0])
            g.near(f"{kind}_encoder.v_{which}", context[i][1])
    t = torch.tensor([0.7])
    g.near("timestep_embedding.embedding", model.embed_time(t))
    g.near("timestep_embedding.cond", model.cond_module(model.embed_time(t)))
    x = want["dit_forward.t0.999.x"]
    for name in ("t0.999", "t0.6243", "t0.025"):
        g.near(f"dit_forward.{name}.v", model(x, want[f"dit_forward.{name}.t"], words, voice))
    g.near("dit_forward.no_text.v", model(x, t, unseen(words), voice))
    g.near("dit_forward.no_speaker.v", model(x, t, words, unseen(voice)))
    start = g.info["cases"]["dit_forward.prefix"]["start_pos"]
    g.near("dit_forward.prefix.v", model(x, t, words, voice, model.latent_context(prefix[:, :start]), start=start))
    return words, voice, latent


def options(case):
    return Options(**{k: v for k, v in case["options"].items() if k not in ("sequence_length", "block_sizes")})


def check_sampling(g, words, voice, latent):
    nobody = g.model.speaker_context(*no_voice(g.model))
    for name, case in g.info["cases"].items():
        kind = name.partition(".")[0]
        generator = torch.Generator().manual_seed(case.get("seed", 0))
        if kind == "sample":
            noise = torch.randn(1, case["options"].get("sequence_length", 640), latent.shape[2], generator=generator)
            got = sample(g.model, words, voice if case["speaker"] else nobody, noise, options(case))
            g.near(name + ".latent", got, 1e-3 if noise.shape[1] == 640 else CLOSE)
        elif kind == "blockwise":
            given = latent[:, :case["continuation_frames"]] if case["continuation_frames"] else None
            sizes = case["options"]["block_sizes"]
            g.near(name + ".latent", blockwise(g.model, words, voice, sizes, generator, options(case), given))
        elif kind == "flattening":
            point = end_of_speech(g.want[name + ".latent"])
            g.expect(name, point == case["point"], f"{point}, not {case['point']}")
        elif kind == "pipeline":
            clip = encode_voice(g.codec, g.pca, g.voice()) if case["speaker"] else None
            audio, _ = speak(g.model, g.codec, g.pca, case["text"], clip, case["options"]["sequence_length"],
                             case["seed"], options(case))
            g.near(name + ".audio", audio.view(g.want[name + ".audio"].shape), SOUND)


def check_stacked(g):
    """The transformer as it is trained, against the same as it is exported."""
    torch.manual_seed(0)
    config = sizes(True)
    model = EchoModel(config)
    for p in model.parameters():
        p += 0.05 * torch.randn_like(p)
    stacked, state = Fast(config, torch.device("cpu"), torch.float32), model.state_dict()
    w = stacked.pack(state)
    back = stacked.unpack(w)
    g.expect("stacked weights", set(back) == set(state) and all(torch.equal(back[n], state[n]) for n in state), "others")
    x, t, clip, past = torch.randn(2, 12, 80), torch.rand(2), torch.randn(2, 20, 80), torch.randn(2, 16, 80)
    ids, mask = torch.randint(0, 255, (2, 16)), torch.arange(16) < torch.tensor([[16], [9]])
    seen = torch.arange(20) < torch.tensor([[20], [12]])
    ref = model(x, t, model.text_context(ids, mask), model.speaker_context(clip, seen), model.latent_context(past), start=8)
    contexts = [stacked.context(w, "text", stacked.text(w, ids, mask)),
                stacked.context(w, "speaker", stacked.patches(w, "speaker", clip)),
                stacked.context(w, "latent", stacked.patches(w, "latent", past), torch.arange(4) * 4)]
    keys = torch.cat((torch.ones(2, 12).bool(), mask, seen[:, ::4], torch.ones(2, 4).bool()), 1)
    at = (8 + torch.arange(12)).expand(2, -1)
    *_, last = stacked.states(w, x, t, at, contexts, bias_of(keys, torch.float32))
    error = ((stacked.velocity(w, last) - ref).norm() / ref.norm()).item()
    g.expect("stacked transformer", error < CLOSE, f"relative error {error:.1e}")


@torch.no_grad()
def main(folder=FOLDER):
    g = Golden(folder)
    check_text(g)
    check_encoding(g)
    check_decoding(g)
    check_sampling(g, *check_model(g))
    check_stacked(g)
    print(f"{g.passed} passed, {g.failed} failed")
    sys.exit(g.failed > 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
