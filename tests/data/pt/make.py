#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Files by PyTorch itself, for tests/unit/test_torch.c: make.py FOLDER [MODEL].  Needs torch; nothing else does.

With MODEL, a folder with echo.safetensors, also checkpoints of it, as fine-tuning saves them; they are not kept."""
import collections
import json
import os
import struct
import sys

import torch

TYPES = {"F32": torch.float32, "BF16": torch.bfloat16, "F16": torch.float16, "BOOL": torch.bool, "I64": torch.int64,
         "I32": torch.int32}


def every_kind():
    """Each tensor has the numbers 0, 1, 2, ... in the order in which they are counted."""
    def count(*shape, dtype=torch.float32):
        n = 1
        for s in shape:
            n *= s
        return torch.arange(n, dtype=torch.float32).reshape(shape).to(dtype)
    shared = torch.arange(24, dtype=torch.float32)
    d = collections.OrderedDict(
        f32=count(2, 3), bf16=count(5, dtype=torch.bfloat16), f16=count(3, 1, 2, dtype=torch.float16),
        i64=count(4, dtype=torch.int64), i32=count(4, dtype=torch.int32), u8=count(6, dtype=torch.uint8),
        bool=torch.tensor([False, True]), f64=count(2, dtype=torch.float64), scalar=torch.tensor(0.0),
        empty=torch.zeros(3, 0, 2), i16=count(2, dtype=torch.int16), u16=count(3, dtype=torch.uint16),
        transposed=count(4, 3).t().contiguous().t(), permuted=count(2, 3, 4).permute(2, 0, 1).contiguous().permute(1, 2, 0),
        view=shared[0:6].reshape(2, 3), columns=torch.stack([count(3), count(3)], 1)[:, 0],
        parameter=torch.nn.Parameter(count(2, 2)), one=torch.as_strided(count(2), (1, 2), (77, 1)))
    d["tied"] = d["f32"]
    return d


def main(out, model=None):
    os.makedirs(out, exist_ok=True)

    def save(name, what, **how):
        torch.save(what, os.path.join(out, name), **how)
    d = every_kind()
    save("bare.pt", d)
    save("protocol4.pt", {"model": d, "step": 7}, pickle_protocol=4)
    save("old.pt", {"a": torch.zeros(2)}, _use_new_zipfile_serialization=False)
    net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.LayerNorm(3))
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(torch.arange(p.numel()).reshape(p.shape))
    best = torch.optim.AdamW(net.parameters(), lr=1e-3)
    net(torch.ones(1, 2)).sum().backward()
    state = {k: v.clone() for k, v in net.state_dict().items()}
    best.step()
    meta = net.state_dict()  # an OrderedDict with _metadata
    for k, v in state.items():
        meta[k].copy_(v)
    save("trained.pt", {"model": meta, "optimizer": best.state_dict(), "step": 7, "loss": 0.5, "config": {"lr": 1e-3},
                        "ema": {k: v * 0 for k, v in state.items()}, "rng": torch.get_rng_state()[:8],
                        "dtype": torch.bfloat16, "device": torch.device("cpu"), "size": torch.Size([2, 3])})
    save("module.pt", net)
    if model:
        with open(os.path.join(model, "echo.safetensors"), "rb") as f:
            data = f.read()
        n = struct.unpack("<Q", data[:8])[0]
        header = json.loads(data[8:8 + n])
        header.pop("__metadata__", None)
        tensors = {name: torch.frombuffer(bytearray(data[8 + n + a["data_offsets"][0]:8 + n + a["data_offsets"][1]]),
                                          dtype=TYPES[a["dtype"]]).reshape(a["shape"]) for name, a in header.items()}
        save("echo.pt", tensors)
        few = torch.nn.ParameterList([t.clone() for t in list(tensors.values())[:9]])
        adam = torch.optim.AdamW(few.parameters())
        for p in few:
            p.grad = torch.ones_like(p)
        adam.step()
        save("step1000.pt", {"model": {"module." + k: v for k, v in tensors.items() if "latent" not in k}, "step": 1000,
                             "optimizer": adam.state_dict()})
        save("strange.pt", {"state_dict": {k: v.t().contiguous().t() if v.dim() == 2 else v for k, v in tensors.items()}})
        save("f32.pt", {"model": {k: v.float() for k, v in tensors.items()}})


main(*sys.argv[1:])
