# SPDX-License-Identifier: MIT
"""The transformer: text, speaker and latent encoders, and the DiT with joint attention."""
import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn


@dataclass
class ModelConfig:
    latent: int = 80
    size: int = 128
    layers: int = 6
    heads: int = 4
    hidden: int = 352
    patch: int = 4
    text_size: int = 128
    text_layers: int = 3
    text_heads: int = 4
    text_hidden: int = 352
    speaker_size: int = 128
    speaker_layers: int = 2
    speaker_heads: int = 4
    speaker_hidden: int = 352
    latent_layers: int = 2
    time_size: int = 64
    rank: int = 32

    @staticmethod
    def of(state):
        shape = lambda name: state[name].shape
        count = lambda stem: 1 + max(int(n[len(stem):].split(".")[0]) for n in state if n.startswith(stem))
        attention = "blocks.0.attention.q_norm.weight"
        latent = shape("in_proj.weight")[1]
        encoder = lambda name: (shape(name + "_norm.weight")[0], count(name + "_encoder.blocks."),
                                shape(f"{name}_encoder.{attention}")[0],
                                shape(name + "_encoder.blocks.0.mlp.w1.weight")[0])
        return ModelConfig(
            latent, shape("in_proj.weight")[0], count("blocks."), shape(attention)[0],
            shape("blocks.0.mlp.w1.weight")[0], shape("speaker_encoder.in_proj.weight")[1] // latent, *encoder("text"), *encoder("speaker"),
            count("latent_encoder.blocks.") if "latent_norm.weight" in state else 0,
            shape("cond_module.0.weight")[1], shape("blocks.0.attention_adaln.shift_down.weight")[0])


class Norm(nn.Module):
    """RMS norm over the last dim; with two dims of weights it is a head norm."""

    def __init__(self, *shape):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(shape))

    def forward(self, x):
        return normalised(x) * self.weight


def normalised(x, eps=1e-5):
    x = x.float()
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + eps)


def linear(a, b, bias=False):
    return nn.Linear(a, b, bias=bias)


class MLP(nn.Module):
    def __init__(self, size, hidden):
        super().__init__()
        self.w1, self.w3, self.w2 = linear(size, hidden), linear(size, hidden), linear(hidden, size)

    def forward(self, x):
        return self.w2(F.silu(self.w1(x)) * self.w3(x))


def rope(x, at, heads=None):
    """x: B x L x heads x d; rotates neighbouring pairs of the first `heads` heads by position `at`."""
    heads = x.shape[2] if heads is None else heads
    d = x.shape[3]
    angle = at.float()[:, None, None] * 10000.0 ** (-torch.arange(0, d, 2, device=x.device).float() / d)
    cos, sin = angle.cos(), angle.sin()
    a, b = x[:, :, :heads, 0::2], x[:, :, :heads, 1::2]
    turned = torch.stack((a * cos - b * sin, a * sin + b * cos), -1).flatten(-2)
    return torch.cat((turned, x[:, :, heads:]), 2)


def attend(q, k, v, mask):
    """mask: bool, broadcastable to B x heads x queries x keys."""
    score = q.transpose(1, 2) @ k.permute(0, 2, 3, 1) / math.sqrt(q.shape[3])
    p = score.masked_fill(~mask, -1e30).softmax(-1)
    return (p @ v.transpose(1, 2)).transpose(1, 2)


class SelfAttention(nn.Module):
    def __init__(self, size, heads):
        super().__init__()
        self.heads = heads
        self.wq, self.wk, self.wv, self.wo, self.gate = (linear(size, size) for _ in range(5))
        self.q_norm, self.k_norm = Norm(heads, size // heads), Norm(heads, size // heads)

    def split(self, x):
        return x.unflatten(-1, (self.heads, -1))

    def forward(self, x, mask):
        at = torch.arange(x.shape[1], device=x.device)
        q, k = rope(self.q_norm(self.split(self.wq(x))), at), rope(self.k_norm(self.split(self.wk(x))), at)
        y = attend(q, k, self.split(self.wv(x)), mask).flatten(-2)
        return self.wo(y * torch.sigmoid(self.gate(x)))


class EncoderBlock(nn.Module):
    def __init__(self, size, heads, hidden):
        super().__init__()
        self.attention, self.mlp = SelfAttention(size, heads), MLP(size, hidden)
        self.attention_norm, self.mlp_norm = Norm(size), Norm(size)

    def forward(self, x, mask):
        x = x + self.attention(self.attention_norm(x), mask)
        return x + self.mlp(self.mlp_norm(x))


class TextEncoder(nn.Module):
    def __init__(self, size, heads, hidden, layers):
        super().__init__()
        self.text_embedding = nn.Embedding(256, size)
        self.blocks = nn.ModuleList(EncoderBlock(size, heads, hidden) for _ in range(layers))

    def forward(self, ids, mask):
        x = self.text_embedding(ids)
        for block in self.blocks:
            x = block(x, mask[:, None, None])
        return x


class PatchEncoder(nn.Module):
    def __init__(self, latent, patch, size, heads, hidden, layers):
        super().__init__()
        self.patch = patch
        self.in_proj = linear(latent * patch, size, True)
        self.blocks = nn.ModuleList(EncoderBlock(size, heads, hidden) for _ in range(layers))

    def forward(self, x):
        x = x[:, :x.shape[1] // self.patch * self.patch]
        x = self.in_proj(x.reshape(x.shape[0], -1, self.patch * x.shape[2])) / 6
        mask = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device).tril()
        for block in self.blocks:
            x = block(x, mask)
        return x


class AdaLN(nn.Module):
    def __init__(self, size, rank):
        super().__init__()
        for part in ("shift", "scale", "gate"):
            setattr(self, part + "_down", linear(size, rank))
            setattr(self, part + "_up", linear(rank, size, True))

    def forward(self, x, cond):
        parts = [getattr(self, name + "_up")(getattr(self, name + "_down")(F.silu(part))) + part
                 for name, part in zip(("shift", "scale", "gate"), cond.chunk(3, -1))]
        shift, scale, gate = (p[:, None] for p in parts)
        return normalised(x) * (1 + scale) + shift, torch.tanh(gate)


class JointAttention(SelfAttention):
    def __init__(self, c):
        super().__init__(c.size, c.heads)
        self.rotated = c.heads // 2
        for kind, size in (("text", c.text_size), ("speaker", c.speaker_size), ("latent", c.speaker_size)):
            if kind != "latent" or c.latent_layers:
                setattr(self, "wk_" + kind, linear(size, c.size))
                setattr(self, "wv_" + kind, linear(size, c.size))

    def context(self, kind, state, at=None):
        k = self.k_norm(self.split(getattr(self, "wk_" + kind)(state)))
        v = self.split(getattr(self, "wv_" + kind)(state))
        return (k if at is None else rope(k, at, self.rotated)), v

    def forward(self, x, at, context):
        q, k = self.q_norm(self.split(self.wq(x))), self.k_norm(self.split(self.wk(x)))
        q, k = (rope(t, at, self.rotated) for t in (q, k))
        own = torch.ones(x.shape[0], x.shape[1], dtype=torch.bool, device=x.device)
        keys, values, masks = zip((k, self.split(self.wv(x)), own), *context)
        y = attend(q, torch.cat(keys, 1), torch.cat(values, 1), torch.cat(masks, 1)[:, None, None])
        return self.wo(y.flatten(-2) * torch.sigmoid(self.gate(x)))


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.attention, self.mlp = JointAttention(c), MLP(c.size, c.hidden)
        self.attention_adaln, self.mlp_adaln = AdaLN(c.size, c.rank), AdaLN(c.size, c.rank)

    def forward(self, x, cond, at, context):
        y, gate = self.attention_adaln(x, cond)
        x = x + gate * self.attention(y, at, context)
        y, gate = self.mlp_adaln(x, cond)
        return x + gate * self.mlp(y)


class EchoModel(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.config = c
        self.text_encoder = TextEncoder(c.text_size, c.text_heads, c.text_hidden, c.text_layers)
        speaker = (c.latent, c.patch, c.speaker_size, c.speaker_heads, c.speaker_hidden)
        self.speaker_encoder = PatchEncoder(*speaker, c.speaker_layers)
        self.text_norm, self.speaker_norm = Norm(c.text_size), Norm(c.speaker_size)
        if c.latent_layers:
            self.latent_encoder, self.latent_norm = PatchEncoder(*speaker, c.latent_layers), Norm(c.speaker_size)
        self.cond_module = nn.Sequential(linear(c.time_size, c.size), nn.SiLU(), linear(c.size, c.size), nn.SiLU(),
                                         linear(c.size, 3 * c.size))
        self.in_proj, self.out_proj = linear(c.latent, c.size, True), linear(c.size, c.latent, True)
        self.blocks = nn.ModuleList(Block(c) for _ in range(c.layers))
        self.out_norm = Norm(c.size)

    @staticmethod
    def of(state):
        model = EchoModel(ModelConfig.of(state))
        model.load_state_dict({n: t.float() for n, t in state.items()})
        return model

    def embed_time(self, t):
        """t: B."""
        half = self.config.time_size // 2
        rate = 1000 * torch.exp(-math.log(10000) * torch.arange(half, device=t.device).float() / half)
        args = t.float()[:, None] * rate
        return torch.cat((args.cos(), args.sin()), 1)

    def text_context(self, ids, mask):
        state = self.text_norm(self.text_encoder(ids, mask))
        return [(*b.attention.context("text", state), mask) for b in self.blocks]

    def speaker_context(self, latent, mask):
        """mask: B x frames."""
        state = self.speaker_norm(self.speaker_encoder(latent))
        mask = mask[:, ::self.config.patch][:, :state.shape[1]]
        return [(*b.attention.context("speaker", state), mask) for b in self.blocks]

    def latent_context(self, latent):
        """The frames done so far; one list entry per layer."""
        latent = F.pad(latent, (0, 0, 0, -latent.shape[1] % self.config.patch))
        state = self.latent_norm(self.latent_encoder(latent))
        at = torch.arange(state.shape[1], device=latent.device) * self.config.patch
        mask = torch.ones(state.shape[:2], dtype=torch.bool, device=latent.device)
        return [(*b.attention.context("latent", state, at), mask) for b in self.blocks]

    def states(self, x, t, *contexts, start=0):
        """What each block leaves of x at times t (B); contexts are lists with one (keys, values, mask) per layer."""
        cond = self.cond_module(self.embed_time(t))
        at = start + torch.arange(x.shape[1], device=x.device)
        out, x = [], self.in_proj(x)
        for block, *context in zip(self.blocks, *contexts):
            x = block(x, cond, at, context)
            out.append(x)
        return out

    def velocity(self, state):
        return self.out_proj(self.out_norm(state))

    def forward(self, x, t, *contexts, start=0):
        """Velocity of x at times t (B)."""
        return self.velocity(self.states(x, t, *contexts, start=start)[-1])
