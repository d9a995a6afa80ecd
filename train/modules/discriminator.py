"""Small critics of sound: convolutions over complex spectrograms of three resolutions, below 8.2 kHz.

They hear what spectral distances do not: whether phases belong together, whether noise is noise.  After the
multi-scale spectrogram critics of Encodec (Defossez and others, 2022), much narrower.
"""
import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from .mel import RATE

TOP = 8200.0
SIZES = (2048, 1024, 512)


class Critic(nn.Module):
    def __init__(self, size, width):
        super().__init__()
        self.size, self.kept = size, int(TOP / RATE * size) + 1
        self.register_buffer("window", torch.hann_window(size))
        conv = lambda a, b, dilation, stride: weight_norm(
            nn.Conv2d(a, b, (9, 3), (stride, 1), (4, dilation), (1, dilation)))
        self.layers = nn.ModuleList([conv(2, width, 1, 3), conv(width, width, 1, 2), conv(width, width, 2, 2),
                                     conv(width, width, 4, 2)])
        self.last = weight_norm(nn.Conv2d(width, 1, 3, 1, 1))

    def forward(self, x):
        """B x samples to the states of all layers, the verdict last."""
        s = torch.stft(x, self.size, self.size // 4, window=self.window, return_complex=True)[:, :self.kept]
        x = torch.view_as_real(s).permute(0, 3, 1, 2) / self.size ** 0.5
        # loud and soft alike: the magnitude's square root keeps the phase
        x = x / (x.square().sum(1, keepdim=True) + 1e-6) ** 0.25
        states = []
        for layer in self.layers:
            x = nn.functional.leaky_relu(layer(x), 0.1)
            states.append(x)
        return [*states, self.last(x)]


class Critics(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.critics = nn.ModuleList(Critic(size, width) for size in SIZES)

    def forward(self, x):
        return [critic(x) for critic in self.critics]


def critics_loss(real, fake):
    """Least squares: the true sound is 1, the made one 0."""
    return sum((r[-1] - 1).square().mean() + f[-1].square().mean() for r, f in zip(real, fake)) / len(real)


def maker_loss(real, fake):
    """(to pass for true, to look alike on the way there)."""
    fool = sum((f[-1] - 1).square().mean() for f in fake) / len(fake)
    alike = sum((a.detach() - b).abs().mean() / a.detach().abs().mean() for r, f in zip(real, fake)
                for a, b in zip(r[:-1], f[:-1]))
    return fool, alike / len(fake)
