"""How 80 numbers become the codebooks and the PCA file of the published format.

Codebook i reads 8 numbers from the encoder's channels and writes the row it chose to channels 8i..8i+7.  What it reads
is blind to the channels of the books before it, so that no book changes what a later one reads: the residual chain is a
product quantiser.  The PCA matrix is then a choice of the first 80 channels (orthonormal rows), its mean the constant 1
in the others, its scale 1.  The constant tells the normed decoder how loud the 80 numbers were.
"""
import torch
from torch import nn

GROUPS, DIM = 10, 8
SIZE = GROUPS * DIM


class Neck(nn.Module):
    """From the encoder's channels to the 80 numbers."""

    def __init__(self, channels):
        super().__init__()
        self.channels = channels
        mask = torch.ones(SIZE, channels)
        for i in range(GROUPS):
            mask[i * DIM:(i + 1) * DIM, :i * DIM] = 0
        self.register_buffer("mask", mask)
        self.weight, self.bias = nn.Parameter(torch.eye(SIZE, channels)), nn.Parameter(torch.zeros(SIZE))

    def forward(self, z):
        """B x C x L to B x L x SIZE."""
        return z.transpose(1, 2) @ (self.weight * self.mask).T + self.bias


def expand(y, channels):
    """B x L x SIZE to the decoder's input, B x C x L."""
    return torch.cat((y, y.new_ones(*y.shape[:2], channels - SIZE)), 2).transpose(1, 2)
