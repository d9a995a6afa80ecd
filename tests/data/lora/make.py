#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make the adapters here, of tests/data/odd, and what PyTorch makes of its weights with them.

    make.py            needs torch, safetensors and peft; nothing else needs them

peft/ is what PEFT itself saves and merges.  kohya.safetensors and plain.safetensors have the
same kind of numbers under other names.  expected.safetensors has W + s * (B @ A) in float32.
"""
import json
import math
import os
import shutil

import peft
import torch
from safetensors.torch import load_file, save_file

HERE = os.path.dirname(os.path.abspath(__file__))
MODEL = load_file(os.path.join(HERE, os.pardir, "odd", "echo.safetensors"))

# Of every kind of weight one: layers, contexts, encoders, ends, rows that are packed in bfloat16 and eight bits.
MODULES = ("blocks.0.attention.wq", "blocks.1.attention.wv_text", "blocks.0.mlp.w1", "blocks.1.mlp.w2",
           "blocks.0.attention_adaln.scale_up", "text_encoder.blocks.0.attention.gate",
           "speaker_encoder.in_proj", "out_proj")
GATE = "text_encoder.blocks.0.attention.gate"
KEPT = {"peft.blocks.0.mlp.w1", "peft.blocks.1.mlp.w2", "kohya.blocks.1.attention.wv_text",
        "plain.blocks.1.attention.wv_text", "peft." + GATE, "kohya." + GATE, "plain." + GATE}


class Holder(torch.nn.Module):
    """Modules under the model's names, which is all that PEFT asks for."""


def skeleton():
    top = Holder()
    for name in MODULES:
        weight, at = MODEL[name + ".weight"].float(), top
        *path, last = name.split(".")
        for part in path:
            if not hasattr(at, part):
                at.add_module(part, Holder())
            at = getattr(at, part)
        linear = torch.nn.Linear(weight.shape[1], weight.shape[0], bias=False)
        linear.weight.data = weight.clone()
        at.add_module(last, linear)
    return top


def strength(weight, rank):
    """So that what is added is about half as large as the weight: it must be heard."""
    return 0.5 * weight.float().std().item() / math.sqrt(rank)


def of_peft():
    """An adapter as PEFT saves it, and the weights as PEFT merges them."""
    torch.manual_seed(1)
    config = peft.LoraConfig(r=2, lora_alpha=3, target_modules=list(MODULES), bias="none",
                             rank_pattern={"mlp.w1": 3}, alpha_pattern={"mlp.w2": 5, "mlp.w1": 4})
    model = peft.get_peft_model(skeleton(), config)
    for name, value in model.named_parameters():
        if ".lora_A" in name:
            value.data = torch.randn_like(value)
        if ".lora_B" in name:
            module = name.split("base_model.model.")[1].split(".lora_B")[0]
            value.data = torch.randn_like(value) * strength(MODEL[module + ".weight"], value.shape[1])
    folder = os.path.join(HERE, "peft")
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder, safe_serialization=True)
    with open(os.path.join(folder, "adapter_config.json"), encoding="utf-8") as f:
        saved = json.load(f)
    saved["target_modules"] = sorted(saved["target_modules"])
    with open(os.path.join(folder, "adapter_config.json"), "w", encoding="utf-8") as f:
        json.dump(saved, f, indent=1, sort_keys=True)
        f.write("\n")
    readme = os.path.join(folder, "README.md")
    if os.path.exists(readme):
        os.remove(readme)
    merged = model.merge_and_unload()
    return {name: merged.get_submodule(name).weight.data for name in MODULES}


def pairs(seed, ranks):
    torch.manual_seed(seed)
    for i, name in enumerate(MODULES):
        weight, rank = MODEL[name + ".weight"], ranks[i % len(ranks)]
        yield (name, rank, torch.randn(rank, weight.shape[1]),
               torch.randn(weight.shape[0], rank) * strength(weight, rank))


def merged(name, scale, a, b):
    return MODEL[name + ".weight"].float() + (b.float() @ a.float()) * scale


def main():
    expected = {"peft." + name: value for name, value in of_peft().items()}
    kohya, plain = {}, {}
    for name, rank, a, b in pairs(2, (4, 1)):
        key, alpha = "lora_unet_" + name.replace(".", "_"), torch.tensor(rank * 0.75)
        a, b = a.bfloat16(), b.bfloat16()
        kohya[key + ".lora_down.weight"], kohya[key + ".lora_up.weight"] = a, b
        scale = 1.0
        if not name.startswith("blocks.1"):     # some have no alpha
            kohya[key + ".alpha"] = alpha
            scale = alpha.item() / rank
        expected["kohya." + name] = merged(name, scale, a, b)
    for name, _, a, b in pairs(3, (2,)):
        plain[name + ".lora_A"], plain[name + ".lora_B"] = a, b
        expected["plain." + name] = merged(name, -0.5, a, b)    # tested with a scale of -0.5
    save_file(kohya, os.path.join(HERE, "kohya.safetensors"))
    save_file(plain, os.path.join(HERE, "plain.safetensors"))
    save_file({name: value.contiguous() for name, value in expected.items() if name in KEPT},
              os.path.join(HERE, "expected.safetensors"))


main()
