# SPDX-License-Identifier: MIT
"""Train the transformer by flow matching on the stored latents.

    dit.py limited|open [--work DIR] --minutes M [--total M] [--start CKPT] [--compile] [--rehearse]

Reads the latents of the limited corpus, or of both, and for the reference clips DIR/references.pt if it is there: what
the codec's encoder and codebooks make of the sound.  Writes DIR/limited.pt or DIR/open.pt.
"""
import copy
import os

import torch

import settings
import training
from lessons import END, Lessons
from modules.model import EchoModel, ModelConfig
from spelling import Reader

TAP = 3         # the block whose state must know the phones


def sizes(kind, rehearse):
    """Any words are more to read: two layers more in the text encoder."""
    c = ModelConfig(size=32, hidden=64, text_size=32, text_layers=1, text_hidden=64, speaker_size=32, speaker_layers=1,
                    speaker_hidden=64, latent_layers=1) if rehearse else ModelConfig()
    c.text_layers += 2 * (kind == "open")
    return c


class Losses(torch.nn.Module):
    """The velocity's error, and how badly a block's state tells the phone of each frame.

    The second is a help while learning to read: without it the words come much later.  Its layer is not exported.
    """

    def __init__(self, model):
        super().__init__()
        self.model, self.phone = model, torch.nn.Linear(model.config.size, END + 1)

    def forward(self, x, noise, t, phones, ids, mask, clips, seen, start=0):
        model = self.model
        contexts = [model.text_context(ids, mask), model.speaker_context(clips, seen)]
        if start:
            contexts.append(model.latent_context(x[:, :start]))
        noisy = x + t[:, None, None] * (noise - x)
        states = model.states(noisy[:, start:], t, *contexts, start=start)
        error = (model.velocity(states[-1]) - (noise - x)[:, start:]).square().mean()
        guess = self.phone(states[TAP]).flatten(0, 1)
        return error, torch.nn.functional.cross_entropy(guess, phones[:, start:].flatten())


def start_gates(model):
    for b in model.blocks:
        for ada in (b.attention_adaln, b.mlp_adaln):
            torch.nn.init.constant_(ada.gate_up.bias, 0.3)
    torch.nn.init.zeros_(model.out_proj.weight)


def begin_from(losses, average, state):
    """Another run's weights; layers that it did not have start as if they were not there."""
    for part, name in ((losses, "losses"), (average, "model")):
        missing, _ = part.load_state_dict(state[name], strict=False)
        own = dict(part.named_parameters())
        for parameter in missing:
            if parameter.endswith(("attention.wo.weight", "mlp.w2.weight")):
                torch.nn.init.zeros_(own[parameter])


def main():
    kind, a = settings.arguments(
        __doc__, ("limited", "open"), minutes=(60.0, "to train now"), total=(0.0, "minutes of the whole schedule"),
        lr=(1.5e-3, "learning rate at its highest"), threads=(1, "of the CPU"),
        weight=(0.2, "of the phones in the loss"), spell=(0.3, "of the spelling lessons, every second step"),
        start=("", "checkpoint to begin from, of another corpus"),
        compile=(False, "let PyTorch compile the step (needs a C++ compiler)"))
    torch.set_num_threads(a.threads)
    torch.manual_seed(0)
    model = EchoModel(sizes(kind, a.rehearse))
    start_gates(model)
    average = copy.deepcopy(model)
    losses, reader = Losses(model), Reader(model.config.text_size)
    place = training.device()
    losses.to(place), average.to(place), reader.to(place)
    if a.start:
        begin_from(losses, average, torch.load(a.start, map_location=place))
    run = training.Run(os.path.join(a.work, kind + ".pt"), {"model": average, "losses": losses, "reader": reader},
                       [*losses.parameters(), *reader.parameters()], a, betas=(0.9, 0.98), decay=0.01)
    ema = training.Average(model, average)
    encode = lambda ids, mask: model.text_norm(model.text_encoder(ids, mask))
    fast = losses
    if a.compile:
        fast, encode = torch.compile(losses, dynamic=False), torch.compile(encode, dynamic=False)
    lessons = Lessons(a.work, ("limited", "open")[:1 + (kind == "open")], run.rng)
    print(sum(p.numel() for p in model.parameters()), "parameters")
    while run.running():
        x, *rest = (v.to(place) for v in lessons.draw())
        noise, t = torch.randn_like(x), lessons.time().to(place)
        if run.rng.random() < 0.07:             # a block that continues: other shapes each time, so not compiled
            velocity, phone = losses(x, noise, t, *rest, start=4 * int(run.rng.integers(1, x.shape[1] // 8)))
        else:
            velocity, phone = fast(x, noise, t, *rest)
        loss, shown = velocity + a.weight * phone, {"velocity": velocity.item(), "phone": phone.item()}
        if kind == "open" and run.step % 2:
            spelling = reader(encode, *(v.to(place) for v in lessons.spelt()))
            loss, shown = loss + a.spell * spelling, dict(shown, spelling=spelling.item())
        run.descend(loss, 1.0, **shown)
        ema.update(run.step)


if __name__ == "__main__":
    main()
