#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Echo-TTS in PyTorch, as short as it goes: what pytorch_compare.py measures.

The same mathematics as docs/MODEL.md, written for eager PyTorch the way the published model is run there: linear
layers and scaled_dot_product_attention in the weights' precision, norms, rotations and times in float32, guidance as
a batch of three with masks, the codec in float32 and all frames at once. All sizes come from the files' tensors.
"""
import json
import math
import mmap
import struct

import torch
import torch.nn.functional as F

TYPES = {"BF16": torch.bfloat16, "F16": torch.float16, "F32": torch.float32}


def read_tensors(path, dtype, keep=lambda name: True):
    """The tensors of a safetensors file whose names are wanted, copied into memory as dtype."""
    with open(path, "rb") as file:
        size, = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__" or not keep(name):
            continue
        raw = torch.frombuffer(data, dtype=TYPES[entry["dtype"]], count=math.prod(entry["shape"]),
                               offset=8 + size + entry["data_offsets"][0])
        tensors[name] = raw.view(entry["shape"]).to(dtype, copy=True)
    return tensors


def layers(weights, prefix):
    """How many layers there are whose names begin with prefix and a number."""
    return 1 + max(int(name[len(prefix):].split(".")[0]) for name in weights if name.startswith(prefix))


def rms(x):
    x = x.float()
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-5)


def rms_norm(x, weight):
    return (rms(x) * weight).to(x.dtype)


def turns(rows, head, table=torch.float32):
    """The rotations, position by pair, as complex numbers rounded to the table's precision."""
    angle = torch.outer(torch.arange(rows).float(), 10000.0 ** (-torch.arange(0, head, 2).float() / head))
    return torch.complex(angle.cos().to(table).float(), angle.sin().to(table).float())


def rotate(x, by):
    """x: batch, rows, heads, head; neighbouring numbers as pairs."""
    pairs = torch.view_as_complex(x.float().unflatten(-1, (-1, 2)))
    return torch.view_as_real(pairs * by[:, None]).flatten(-2).to(x.dtype)


def attend(q, k, v, mask=None, causal=False):
    """All: batch, rows, heads, head. Returns batch, rows, width."""
    out = F.scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2),
                                         attn_mask=mask, is_causal=causal)
    return out.transpose(1, 2).flatten(2)


class Transformer:
    """The text and voice encoders and the diffusion transformer. Nothing of blocks and continuation."""

    def __init__(self, path, dtype):
        self.w = read_tensors(path, dtype, lambda name: "latent" not in name)
        self.dtype = dtype

    def linear(self, x, name):
        return F.linear(x, self.w[name + ".weight"], self.w.get(name + ".bias"))

    def mlp(self, x, name):
        return self.linear(F.silu(self.linear(x, name + ".w1")) * self.linear(x, name + ".w3"), name + ".w2")

    def heads(self, y, name, norm=None):
        """A projection, split into heads; with a norm's name, normed."""
        weight = self.w[f"{name.rsplit('.', 1)[0]}.{norm or 'q_norm'}.weight"]
        y = self.linear(y, name).unflatten(-1, weight.shape)
        return rms_norm(y, weight) if norm else y

    def encode(self, x, name, causal):
        by = turns(x.shape[1], self.w[f"{name}_encoder.blocks.0.attention.q_norm.weight"].shape[1])
        for i in range(layers(self.w, f"{name}_encoder.blocks.")):
            block = f"{name}_encoder.blocks.{i}."
            at = block + "attention."
            y = rms_norm(x, self.w[block + "attention_norm.weight"])
            q, k = (rotate(self.heads(y, f"{at}w{z}", z + "_norm"), by) for z in "qk")
            out = attend(q, k, self.heads(y, at + "wv"), causal=causal)
            x = x + self.linear(out * torch.sigmoid(self.linear(y, at + "gate")), at + "wo")
            x = x + self.mlp(rms_norm(x, self.w[block + "mlp_norm.weight"]), block + "mlp")
        return rms_norm(x, self.w[name + "_norm.weight"])

    def keys_and_values(self, tokens):
        """Of the text, and of no voice (one patch of zeros that no branch may see), for every layer."""
        text = self.encode(F.embedding(tokens, self.w["text_encoder.text_embedding.weight"]), "text", False)
        silence = torch.zeros(1, 1, self.w["speaker_encoder.in_proj.weight"].shape[1], dtype=self.dtype)
        voice = self.encode(self.linear(silence, "speaker_encoder.in_proj") / 6, "speaker", True)
        kept = []
        for i in range(layers(self.w, "blocks.")):
            at = f"blocks.{i}.attention."
            k = [self.heads(state, f"{at}wk_{name}", "k_norm") for name, state in (("text", text), ("speaker", voice))]
            v = [self.heads(state, f"{at}wv_{name}") for name, state in (("text", text), ("speaker", voice))]
            kept.append((torch.cat(k, 1), torch.cat(v, 1)))
        return kept

    def modulate(self, x, cond, name):
        """x normed, scaled and shifted, and the gate, as the time has it."""
        shift, scale, gate = (self.linear(self.linear(F.silu(part), f"{name}.{what}_down"), f"{name}.{what}_up") + part
                              for what, part in zip(("shift", "scale", "gate"), cond.chunk(3, -1)))
        return (rms(x) * (1 + scale) + shift).to(x.dtype), torch.tanh(gate)

    def velocity(self, x, t, kept, branches):
        """x: branches, frames, 80; t: one for each; branches: whether each sees the text."""
        w0 = self.w["cond_module.0.weight"]
        half = w0.shape[1] // 2
        arg = 1000 * t[:, None] * torch.exp(-math.log(10000) * torch.arange(half) / half)
        cond = torch.cat((arg.cos(), arg.sin()), -1)[:, None].to(self.dtype)
        for i in (0, 2, 4):
            cond = self.linear(F.silu(cond) if i else cond, f"cond_module.{i}")

        frames, extra = x.shape[1], kept[0][0].shape[1]
        mask = torch.ones(x.shape[0], 1, 1, frames + extra, dtype=torch.bool)
        mask[:, :, :, frames:-1] = torch.tensor(branches)[:, None, None, None]
        mask[:, :, :, -1] = False                                       # the voice that is not there
        x = self.linear(x.to(self.dtype), "in_proj")
        by = turns(frames, self.w["blocks.0.attention.q_norm.weight"].shape[1])
        for i, other in enumerate(kept):
            x = self.block(x, cond, by, other, mask, f"blocks.{i}.")
        return self.linear(rms_norm(x, self.w["out_norm.weight"]), "out_proj").float()

    def block(self, x, cond, by, kept, mask, name):
        at = name + "attention."
        y, gate = self.modulate(x, cond, name + "attention_adaln")
        q, k, v = self.heads(y, at + "wq", "q_norm"), self.heads(y, at + "wk", "k_norm"), self.heads(y, at + "wv")
        half = (q.shape[2] + 1) // 2                                    # only these heads know where they are
        q, k = (torch.cat((rotate(z[:, :, :half], by), z[:, :, half:]), 2) for z in (q, k))
        k, v = (torch.cat((own, other.expand(len(x), -1, -1, -1)), 1) for own, other in zip((k, v), kept))
        out = attend(q, k, v, mask) * torch.sigmoid(self.linear(y, at + "gate"))
        x = x + gate * self.linear(out, at + "wo")
        y, gate = self.modulate(x, cond, name + "mlp_adaln")
        return x + gate * self.mlp(y, name + "mlp")

    def step(self, x, t, t_next, kept, guided, cfg_text=3.0, cfg_voice=8.0):
        """One Euler step; guided, it is a batch of three: with all, without text, without voice."""
        if not guided:
            return x + self.velocity(x, torch.tensor([t]), kept, [True]) * (t_next - t)
        full, no_text, no_voice = self.velocity(x.expand(3, -1, -1), torch.full((3,), t), kept,
                                                [True, False, True]).chunk(3)
        return x + (full + cfg_text * (full - no_text) + cfg_voice * (full - no_voice)) * (t_next - t)


class Codec:
    """Latents to sound."""

    def __init__(self, path, pca_path):
        def wanted(name):
            return name.startswith(("quantizer.post_module.layers", "quantizer.post_module.norm",
                                    "quantizer.upsample", "decoder."))
        self.w = read_tensors(path, torch.float32, wanted)
        self.pca = read_tensors(pca_path, torch.float32)
        norm = ".parametrizations.weight.original"
        for name in [name for name in self.w if name.endswith(norm + "1")]:
            v, g = self.w.pop(name), self.w.pop(name[:-1] + "0")
            self.w[name.removesuffix(norm + "1") + ".weight"] = g * v / v.flatten(1).norm(dim=1)[:, None, None]

    def linear(self, x, name):
        return F.linear(x, self.w[name + ".weight"], self.w.get(name + ".bias"))

    def conv(self, x, name, dilation=1, groups=1):
        weight = self.w[name + ".conv.weight"]
        x = F.pad(x, ((weight.shape[2] - 1) * dilation, 0))
        return F.conv1d(x, weight, self.w[name + ".conv.bias"], dilation=dilation, groups=groups)

    def widen(self, x, name, stride):
        y = F.conv_transpose1d(x, self.w[name + ".conv.weight"], self.w[name + ".conv.bias"], stride=stride)
        return y[..., :x.shape[2] * stride]

    def snake(self, x, name):
        alpha = self.w[name + ".alpha"]
        return x + (alpha + 1e-9).reciprocal() * torch.sin(alpha * x).pow(2)

    def transformer(self, x, name, head=64, window=128):
        by = turns(x.shape[1], head, torch.bfloat16)
        rows = torch.arange(x.shape[1])
        back = rows[:, None] - rows
        mask = (back >= 0) & (back < window)
        for i in range(layers(self.w, name + ".layers.")):
            layer = f"{name}.layers.{i}."
            qkv = self.linear(rms_norm(x, self.w[layer + "attention_norm.weight"]), layer + "attention.wqkv")
            q, k, v = (part.unflatten(-1, (-1, head)) for part in qkv.chunk(3, -1))
            out = self.linear(attend(rotate(q, by), rotate(k, by), v, mask), layer + "attention.wo")
            x = x + out * self.w[layer + "attention_layer_scale.gamma"]
            y, ff = rms_norm(x, self.w[layer + "ffn_norm.weight"]), layer + "feed_forward."
            y = self.linear(F.silu(self.linear(y, ff + "w1")) * self.linear(y, ff + "w3"), ff + "w2")
            x = x + y * self.w[layer + "ffn_layer_scale.gamma"]
        return rms_norm(x, self.w[name + ".norm.weight"])

    def convnext(self, x, name):
        y = self.conv(x, name + ".dwconv", groups=x.shape[1]).transpose(1, 2)
        y = F.layer_norm(y, y.shape[-1:], self.w[name + ".norm.weight"], self.w[name + ".norm.bias"], 1e-6)
        y = self.linear(F.gelu(self.linear(y, name + ".pwconv1")), name + ".pwconv2") * self.w[name + ".gamma"]
        return x + y.transpose(1, 2)

    def decode(self, latents):
        """latents: 1, frames, 80. Returns the samples."""
        x = latents / self.pca["latent_scale"] @ self.pca["pca_components"] + self.pca["pca_mean"]
        x = self.transformer(x, "quantizer.post_module").transpose(1, 2)
        for i in range(layers(self.w, "quantizer.upsample.")):
            stage = f"quantizer.upsample.{i}."
            x = self.convnext(self.widen(x, stage + "0", 2), stage + "1")
        x = self.conv(x, "decoder.model.0")
        last = layers(self.w, "decoder.model.")
        for i in range(1, last - 2):
            block = f"decoder.model.{i}.block."
            stride = self.w[block + "1.conv.weight"].shape[2] // 2
            x = self.widen(self.snake(x, block + "0"), block + "1", stride)
            for unit, dilation in ((2, 1), (3, 3), (4, 9)):
                part = f"{block}{unit}.block."
                y = self.conv(self.snake(x, part + "0"), part + "1", dilation)
                x = x + self.conv(self.snake(y, part + "2"), part + "3")
        return torch.tanh(self.conv(self.snake(x, f"decoder.model.{last - 2}"), f"decoder.model.{last - 1}")).flatten()
