# SPDX-License-Identifier: MIT
"""The codec's halves as they are trained, and what judges them."""
import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from common import CUDA, HOP, RATE, compiled
from modules import codec as reference
from modules.codec import Codec, CodecConfig
from modules.mel import mel_matrix
from modules.neck import Neck, expand

SILENT = {"decoder": 1, "encoder": 2}     # stages of the highest rates whose residual units do nothing
BAND, ABOVE = 10900.0, 11800.0            # hertz: up to where there is speech; from where on there is to be silence
DITHER = 1e-4                             # what the discriminators cannot see


def sizes(tiny):
    if tiny:
        return CodecConfig(encoder_width=4, decoder_width=64)
    return CodecConfig(encoder_width=12, decoder_width=320, quantizer_layers=1, quantizer_hidden=320)


def snake(x, alpha):
    y = x.float()
    return (y + torch.sin(alpha * y).square() / (alpha + 1e-9)).to(x.dtype)


def normed(g, v):
    return g * v * torch.rsqrt(v.square().sum((1, 2), keepdim=True))


snake, normed = compiled(snake, "snake"), compiled(normed, "normed")
if CUDA:
    reference.Snake.forward = lambda self, x: snake(x, self.alpha)
    reference.WeightNorm.forward = lambda self: normed(self.original0, self.original1)


class Halves(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.codec, self.neck = Codec(config), Neck(config.latent)
        last = len(config.strides)
        for i in range(last):
            for part, block in (("encoder", self.codec.encoder.block[1 + i].block),
                                ("decoder", self.codec.decoder.model[last - i].block)):
                for unit in block:
                    if i < SILENT[part] and hasattr(unit, "silence"):
                        unit.silence()

    def half(self, part):
        c, q = self.codec, self.codec.quantizer
        return nn.ModuleList([c.encoder, q.downsample, q.pre_module, self.neck] if part == "encoder" else
                             [q.post_module, q.upsample, c.decoder])

    def numbers(self, audio):
        with torch.autocast("cuda", torch.bfloat16, enabled=CUDA):
            z = self.codec.analyse(audio)
        return self.neck(z.float())

    def audio(self, y):
        """Rates up to 22 kHz in bfloat16, what comes last in more."""
        layers = self.codec.decoder.model
        with torch.autocast("cuda", torch.bfloat16, enabled=CUDA):
            x = self.codec.quantizer.after(expand(y, self.neck.channels))
            for layer in layers[:4]:
                x = layer(x)
        x = x.float()
        for layer in layers[4:]:
            x = layer(x)
        return x[:, 0]


class Spectra(nn.Module):
    """Distances of spectra at several sizes, and of mels."""

    def __init__(self, sizes=(2048, 1024, 512, 256), mels=(96, 72, 48, 24)):
        super().__init__()
        self.sizes = sizes
        for n, m in zip(sizes, mels):
            self.register_buffer(f"window{n}", torch.hann_window(n))
            self.register_buffer(f"mel{n}", mel_matrix(n // 2 + 1, m, BAND)[:, :self.kept(n)].contiguous())

    @staticmethod
    def kept(n):
        return int(BAND / RATE * n) + 1

    def spectrum(self, x, n):
        return torch.stft(x, n, n // 4, window=getattr(self, f"window{n}"), return_complex=True) / math.sqrt(n)

    def forward(self, got, ref):
        total, distance = 0, 0
        for n in self.sizes:
            s, r = self.spectrum(got, n), self.spectrum(ref, n)
            keep = self.kept(n)
            a, b = ((v[:, :keep].real.square() + v[:, :keep].imag.square() + 1e-9).sqrt() for v in (s, r))
            m = getattr(self, f"mel{n}")
            mel = F.l1_loss((m @ a + 3e-4).log(), (m @ b + 3e-4).log())
            distance = distance + mel.detach() / len(self.sizes)
            total = total + 2 * mel + F.l1_loss((a + 1e-3).log(), (b + 1e-3).log()) + (a - b).norm() / b.norm()
            if n == self.sizes[0]:          # the mirror image of speech is not speech
                power = s.real.square() + s.imag.square()
                high = power[:, int(ABOVE / RATE * n):].mean(2).sum() / power.detach().mean(2).sum().clamp_min(1e-3)
                total = total + 0.1 * (high + 3e-7).log() + 3.0 * high
        return total, distance


class SpectrumDiscriminator(nn.Module):
    def __init__(self, size, width):
        super().__init__()
        self.size = size
        self.register_buffer("window", torch.hann_window(size))
        conv = lambda a, b, dilation, stride: weight_norm(
            nn.Conv2d(a, b, (9, 3), (stride, 1), (4, dilation), (1, dilation)))
        self.layers = nn.ModuleList([conv(2, width, 1, 2), conv(width, width, 1, 2), conv(width, width, 2, 2),
                                     conv(width, width, 4, 2)])
        self.last = weight_norm(nn.Conv2d(width, 1, 3, 1, 1))

    def forward(self, x):
        with torch.autocast("cuda", enabled=False):
            s = torch.stft(x.float(), self.size, self.size // 4, window=self.window, return_complex=True)
            x = torch.view_as_real(s).permute(0, 3, 1, 2) / self.size ** 0.5
            x = x / (x.square().sum(1, keepdim=True) + 1e-6) ** 0.25
        states = []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.1)
            states.append(x)
        return [*states, self.last(x)]


class PeriodDiscriminator(nn.Module):
    """Samples of 22 kHz in rows of a period (HiFi-GAN's, narrow)."""

    def __init__(self, period, width):
        super().__init__()
        self.period = period
        conv = lambda a, b, stride: weight_norm(nn.Conv2d(a, b, (5, 1), (stride, 1), (2, 0)))
        w = [width, 2 * width, 4 * width, 8 * width]
        self.layers = nn.ModuleList([conv(1, w[0], 3), conv(w[0], w[1], 3), conv(w[1], w[2], 3), conv(w[2], w[3], 3),
                                     conv(w[3], w[3], 1)])
        self.last = weight_norm(nn.Conv2d(w[3], 1, (3, 1), 1, (1, 0)))

    def forward(self, x):
        x = x[:, ::2]
        x = x[:, :x.shape[1] // self.period * self.period].unflatten(1, (-1, self.period))[:, None] * 4
        states = []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.1)
            states.append(x)
        return [*states, self.last(x)]


class Discriminators(nn.Module):
    def __init__(self, tiny=False):
        super().__init__()
        self.parts = nn.ModuleList(
            [SpectrumDiscriminator(size, 4 if tiny else 24) for size in (2048, 1024, 512)]
            + [PeriodDiscriminator(p, 2 if tiny else 24) for p in (2, 3, 5, 7, 11)])

    def forward(self, x):
        x = x + DITHER * torch.randn_like(x)
        with torch.autocast("cuda", torch.bfloat16, enabled=CUDA):
            return [part(x) for part in self.parts]


def discriminator_loss(real, fake):
    return sum((r[-1].float() - 1).square().mean() + f[-1].float().square().mean() for r, f in zip(real, fake)) / len(real)


def generator_loss(real, fake):
    fool = sum((f[-1].float() - 1).square().mean() for f in fake) / len(fake)
    alike = sum((a.detach().float() - b.float()).abs().mean() / a.detach().float().abs().mean().clamp_min(1e-4)
                for r, f in zip(real, fake) for a, b in zip(r[:-1], f[:-1]))
    return fool, alike / len(fake)
