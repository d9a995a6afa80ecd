# SPDX-License-Identifier: MIT
"""Who is speaking: Resemblyzer's embedding, which was trained on thousands of people and never heard these voices.

Only its weights are used, so that nothing needs PyTorch: a mel spectrogram, three LSTM layers and a linear one.  Long
silences are dropped by level, where Resemblyzer asks a detector of speech.
"""
import collections
import functools
import importlib.util
import os
import pickle

import numpy as np

RATE, LENGTH, STEP, MELS = 16000, 400, 160, 40
PART, NEXT = 160, 77    # windows that are heard at a time, and from one such part to the next
LAYERS, WIDTH = 3, 256
LEVEL = -30.0           # dB, of quiet recordings


class Tensors(pickle.Unpickler):
    """A file of PyTorch's first format: which numbers of which store each tensor has."""

    def find_class(self, module, name):
        return {"_rebuild_tensor_v2": lambda store, first, shape, *_: (store, first, shape),
                "OrderedDict": collections.OrderedDict}.get(name, name)

    def persistent_load(self, pid):
        return pid[2]


@functools.cache
def weights():
    package = importlib.util.find_spec("resemblyzer").submodule_search_locations[0]
    stores = {}
    with open(os.path.join(package, "pretrained.pt"), "rb") as f:
        for _ in range(3):      # a magic number, a version, sizes
            pickle.load(f)
        tensors = Tensors(f).load()["model_state"]
        for name in pickle.load(f):
            stores[name] = np.frombuffer(f.read(4 * int.from_bytes(f.read(8), "little")), "<f4")
    return {name: stores[store][first:first + int(np.prod(shape))].reshape(shape)
            for name, (store, first, shape) in tensors.items()}


@functools.cache
def filters():
    """librosa's: triangles on Slaney's mel scale, of equal area."""
    mel = lambda hertz: hertz * 3 / 200 if hertz < 1000 else 15 + 27 * np.log(hertz / 1000) / np.log(6.4)
    edges = np.linspace(0, mel(RATE / 2), MELS + 2)
    edges = np.where(edges < 15, edges * 200 / 3, 1000 * np.exp((edges - 15) / 27 * np.log(6.4)))
    at, width = np.fft.rfftfreq(LENGTH, 1 / RATE), np.diff(edges)
    rise = (at - edges[:-2, None]) / width[:-1, None]
    fall = (edges[2:, None] - at) / width[1:, None]
    return np.maximum(0, np.minimum(rise, fall)) * 2 / (edges[2:] - edges[:-2])[:, None]


def mels(samples):
    power = (samples ** 2).mean()
    samples = samples * max(1.0, np.sqrt(10 ** (LEVEL / 10) / power))
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(samples, LENGTH // 2), LENGTH)[::STEP]
    level = (windows ** 2).mean(1)
    windows = windows[level > 1e-4 * np.percentile(level, 95)]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(LENGTH) / LENGTH)
    return np.abs(np.fft.rfft(windows * window)) ** 2 @ filters().T


def sigmoid(x):
    return (1 + np.tanh(x / 2)) / 2


def lstm(x, layer):
    """Parts x times x numbers."""
    w = {name: weights()[f"lstm.{name}_l{layer}"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
    given = x @ w["weight_ih"].T + w["bias_ih"] + w["bias_hh"]
    state, memory, out = np.zeros((len(x), WIDTH), "f4"), np.zeros((len(x), WIDTH), "f4"), []
    for t in range(x.shape[1]):
        into, forget, new, show = np.split(given[:, t] + state @ w["weight_hh"].T, 4, axis=1)
        memory = sigmoid(forget) * memory + sigmoid(into) * np.tanh(new)
        state = sigmoid(show) * np.tanh(memory)
        out.append(state)
    return np.stack(out, 1)


def unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def embedding(path):
    from faster_whisper import decode_audio
    x = mels(decode_audio(path)).astype("f4")
    x = np.pad(x, ((0, max(0, PART - len(x))), (0, 0)))
    x = np.lib.stride_tricks.sliding_window_view(x, PART, axis=0)[::NEXT].swapaxes(1, 2)
    for layer in range(LAYERS):
        x = lstm(x, layer)
    return unit(unit(np.maximum(0, x[:, -1] @ weights()["linear.weight"].T + weights()["linear.bias"])).mean(0))
