# SPDX-License-Identifier: MIT
"""The manual, what shells complete, and --print-config: all made of the tables of options."""
import json
import os
import re
import shutil
import subprocess

from harness import TIMEOUT_S, is_one_line, text

QUERY = """source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_echotts "$ECHOTTS" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


def commands(p):
    listed = text(p.good("--help", "--help").stdout)
    return re.findall(r"^  (\w+) +\S", listed, re.M)


def options(p, command):
    """Of the help: (name, is a switch, the value's name or "")."""
    told = p.good(f"{command} --help", command, "--help").stdout.decode()
    return [(name, bool(no), value) for no, name, value in
            re.findall(r"^  (?:-\w, |    )--(\[no-\])?([\w-]+) (\S*)", told, re.M)]


# ---- the manual ----

def check_page(p, name, page):
    """A page, against the checkers that are here."""
    path = p.file("page.1")
    with open(path, "wb") as f:
        f.write(page)
    for tool, args in (("groff", ["-ww", "-man", "-z"]), ("man", ["--warnings", "-l"]),
                       ("mandoc", ["-Tlint", "-W", "warning"])):
        if shutil.which(tool):
            done = subprocess.run([tool, *args, path], capture_output=True, check=False, timeout=TIMEOUT_S,
                                  env=dict(p.env, MANPAGER="cat", PAGER="cat"))
            # no date: a page would differ by the day it was built
            told = [line for line in (done.stderr + (done.stdout if tool == "mandoc" else b"")).splitlines()
                    if b"missing date" not in line and line]
            p.check(f"{tool}: {name}", not told, told[:3])


def check_manual(p, names):
    first = p.good("manual", "manual")
    if not first:
        return
    check_page(p, "echotts", first.stdout)
    plain = first.stdout.decode().replace("\\", "")
    p.check("the first page names every command", all(f"echotts-{n} (1)" in plain and f'.B "{n}"' in plain for n in names))
    for name in names:
        page = p.good(f"manual {name}", "manual", name).stdout
        check_page(p, name, page)
        plain = page.decode().replace("\\", "")
        for option, is_switch, value in options(p, name):
            spelling = f"{'--[no-]' if is_switch else '--'}{option}{' ' if value else ''}{value}"
            p.check(f"manual {name}: --{option}", re.search(rf'^\.B "(-\w, )?{re.escape(spelling)}"$', plain, re.M), spelling)
        for alias in re.findall(r"--[\w-]+", text(p.run(name, "--help").stdout).partition("Short for some")[2]):
            p.check(f"manual {name}: {alias}", f"Another spelling is {alias}." in plain)
    say = p.run("manual", "say").stdout.decode().replace("\\", "")
    p.check("a page has ranges and defaults", re.search(r"From 1 to 1000\.\n.*\nDefault: 40", say), say[:500])
    os.mkdir(p.file("manual-pages"))
    p.good("manual --all", "manual", "--all", "manual-pages")
    made = sorted(os.listdir(p.file("manual-pages")))
    p.check("manual --all", made == sorted(["echotts.1"] + [f"echotts-{n}.1" for n in names]), made)
    done = p.run("manual", "sya")
    p.check("manual sya", done.returncode == 2 and is_one_line(done.stderr, "did you mean say"), done.stderr)


# ---- what shells complete ----

def complete(p, script, *words):
    """What bash offers for the last of the words."""
    done = subprocess.run(["bash", "-c", QUERY, "-", script, "echotts", *words], capture_output=True, check=False,
                          cwd=p.folder, env=dict(p.env, ECHOTTS=p.path), timeout=TIMEOUT_S)
    return done.stdout.decode().split()


def check_bash(p, names, script):
    p.check("bash: commands", set(names) <= set(complete(p, script, "")))
    p.check("bash: a command", complete(p, script, "sy") == ["synth"])
    for name in names:
        offered = complete(p, script, name, "-")
        for option, is_switch, _ in options(p, name):
            p.check(f"bash {name} --{option}", f"--{option}" in offered and (not is_switch or f"--no-{option}" in offered))
    os.makedirs(p.file("zz some folder/inner"), exist_ok=True)
    os.symlink(p.model("tiny"), p.file("zz-model"))
    listed = text(p.run("completion", "voices", "-m", "zz-model").stdout).split()
    p.check("voices", sorted(listed) == ["voice", "voice-long"], listed)
    for words, want in (
            (["say", "--precision", "b"], ["bf16"]), (["say", "--precision", "=", "i"], ["int8"]),
            (["say", "--precision", "="], ["auto", "f32", "bf16", "int8", "f16"]), (["say", "--device", "v"], ["vulkan"]),
            (["say", "--frames", "a"], ["auto"]), (["say", "--truncation-factor", ""], ["none"]),
            (["say", "--threads", ""], []), (["synth", "--size", "b"], ["base"]), (["encode", "zz-m"], ["zz-model"]),
            (["say", "-m", "zz-m"], ["zz-model"]), (["manual", "dec"], ["decode"]), (["completion", "z"], ["zsh"]),
            (["info", "--isa", "c"], ["c"]), (["encode", "zz s"], ["zz", "some", "folder"])):
        got = complete(p, script, *words)
        p.check(f"bash: {' '.join(words)}", got == want, got)
    with open(script, encoding="utf-8") as f:
        if '"say --voice" | "say -v") printf \'%s\\n\' @files @voices' in f.read():
            got = complete(p, script, "say", "-m", "zz-model", "-v", "voice-")
            p.check("bash: voices of the model", got == ["voice-long"], got)


def check_fish(p, names, script):
    def ask(line):
        done = subprocess.run(["fish", "--no-config", "-c", f"source {script}; complete -C '{line}'"],
                              capture_output=True, check=False, cwd=p.folder, timeout=TIMEOUT_S,
                              env=dict(p.env, PATH=os.path.dirname(p.path) + ":" + os.environ["PATH"]))
        return [line.split("\t")[0] for line in done.stdout.decode().splitlines()]

    p.check("fish: commands", set(names) <= set(ask("echotts ")))
    for name in names:
        offered = ask(f"echotts {name} --")
        for option, _, _ in options(p, name):
            p.check(f"fish {name} --{option}", f"--{option}" in offered, offered)
    p.check("fish: values", ask("echotts say --precision b") == ["bf16"])


def check_completion(p, names):
    scripts = {}
    for shell, checker in (("bash", ["bash", "-n"]), ("zsh", ["zsh", "-n"]), ("fish", ["fish", "-n"])):
        scripts[shell] = p.file(f"complete.{shell}")
        p.good(f"completion {shell}", "completion", shell, "-o", scripts[shell])
        if shutil.which(shell):
            done = subprocess.run([*checker, scripts[shell]], capture_output=True, check=False, timeout=TIMEOUT_S)
            p.check(f"{shell} reads its script", done.returncode == 0 and not done.stderr, done.stderr)
    with open(scripts["zsh"], encoding="utf-8") as f:
        zsh = f.read()
    for name in names:
        part = zsh.split(f"\n    {name})\n")[1].split(";;")[0]
        for option, _, _ in options(p, name):
            p.check(f"zsh {name} --{option}", f"--{option}" in part)
    check_bash(p, names, scripts["bash"])
    if shutil.which("fish"):
        check_fish(p, names, scripts["fish"])
    done = p.run("completion", "ksh")
    p.check("completion ksh", done.returncode == 2 and is_one_line(done.stderr, "'ksh': for which shell"), done.stderr)


# ---- --print-config ----

def as_options(parameters):
    """The command line that asks for these values."""
    for name, value in parameters.items():
        option = name.replace("_", "-")
        if isinstance(value, bool):
            yield f"--{option}" if value else f"--no-{option}"
        elif isinstance(value, list):
            if value:
                yield f"--{option}={','.join(map(str, value))}"
        else:
            yield f"--{option}={value}"


def config(p, *args, env=None):
    done = p.good(f"{' '.join(map(str, args))} --print-config", *args, "--print-config", env=env)
    return json.loads(done.stdout) if done else {}


def check_config(p, names):
    tiny = p.model("tiny")
    plain = config(p, "say", "-m", tiny)
    named = {name.replace("-", "_") for name, _, _ in options(p, "say")} - {"help", "print_config"}
    got = set(plain) | set(plain["parameters"])
    p.check("print-config has every option", got == named | {"command", "parameters", "origins"}, got ^ named)
    p.check("words for numbers", plain["parameters"]["sequence_length"] == "auto" and
            plain["parameters"]["speaker_kv_max_layers"] == "all", plain)
    p.check("the seed is drawn", config(p, "say", "-m", tiny)["parameters"]["rng_seed"] != plain["parameters"]["rng_seed"])
    p.check("floats are short", "0.800000" not in json.dumps(plain), plain)

    asked = ["say", "-m", tiny, "--seed", 7, "--blocks", "32,64", "--cfg-text", 2.1, "--no-trim", "--truncation", "none",
             "--precision", "int8", "-t", 2, "-v", "clip.wav", "--force-speaker-layers", "all"]
    full = config(p, *asked)
    p.check("what is given counts", full["precision"] == "int8" and full["threads"] == 2 and full["voice"] == "clip.wav" and
            full["parameters"]["block_sizes"] == [32, 64] and full["parameters"]["cfg_scale_text"] == 2.1 and
            full["parameters"]["rng_seed"] == 7 and full["parameters"]["trim"] is False and
            full["parameters"]["truncation_factor"] == "none", full)
    for name, before in (("plain", plain), ("full", full)):
        again = config(p, "say", "-m", tiny, *as_options(before["parameters"]))
        p.check(f"print-config round trip: {name}", again["parameters"] == before["parameters"], again)

    os.mkdir(p.file("own-settings"))
    for entry in os.listdir(tiny):
        os.symlink(os.path.join(tiny, entry), p.file(f"own-settings/{entry}"))
    if os.path.lexists(p.file("own-settings/echotts.json")):
        os.remove(p.file("own-settings/echotts.json"))
    with open(p.file("own-settings/echotts.json"), "w", encoding="utf-8") as f:
        json.dump({"num_steps": 13}, f)
    own = config(p, "say", env=dict(p.env, ECHOTTS_MODEL=p.file("own-settings"), ECHOTTS_DEVICE="cpu"))
    p.check("the model's settings count", own["parameters"]["num_steps"] == 13 and own["device"] == "cpu" and
            own["model"] == p.file("own-settings"), own)
    p.check("the command line counts more", config(p, "say", "-m", "own-settings", "-s", 5)["parameters"]["num_steps"] == 5)

    for name in names:
        if any(option == "print-config" for option, _, _ in options(p, name)):
            told = config(p, name, "-m", tiny)
            p.check(f"{name} --print-config", told["command"] == name and os.path.samefile(told["model"], tiny), told)
    done = p.run("say", "-m", "/nowhere", "--print-config")
    p.check("print-config without its model", done.returncode == 1 and is_one_line(done.stderr, "/nowhere"), done.stderr)


def check(p):
    names = commands(p)
    p.check("commands", {"say", "manual", "completion"} <= set(names), names)
    check_manual(p, names)
    check_completion(p, names)
    check_config(p, names)
