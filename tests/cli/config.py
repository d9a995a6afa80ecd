# SPDX-License-Identifier: MIT
"""Presets, the file of settings, and what --print-config says of where each value comes from."""
import json
import os
import tomllib

from harness import is_one_line, read, text

PRESETS = """fast balanced best independent-high-speaker-cfg independent-high-speaker-cfg-flat independent-high-cfg
             independent-high-cfg-flat independent-low-cfg independent-low-cfg-flat""".split()


class Settings:
    """Runs the program with a file of settings."""

    def __init__(self, p):
        self.p, self.path = p, p.file("settings.toml")

    def write(self, content):
        with open(self.path, "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())

    def run(self, content, *args, env=None):
        self.write(content)
        return self.p.run(*args, "--config", self.path, env=env)

    def told(self, content, *args, env=None):
        """Of --print-config: the settings with the parameters among them, and the origins."""
        done = self.run(content, *args, "--print-config", env=env)
        if not self.p.check(f"settings {content!r} {args}", done.returncode == 0 and not done.stderr, text(done.stderr)):
            return {}, {}
        all_ = json.loads(done.stdout)
        return {**all_, **all_.get("parameters", {})}, all_["origins"]


# ---- presets ----

def check_presets(p, tiny):
    listed = p.good("--preset list", "say", "--preset", "list")
    p.check("--preset list", [line.split()[0] for line in listed.stdout.decode().splitlines()[1:10]] == PRESETS, listed.stdout)
    told = json.loads(p.good("--preset list --json", "say", "--preset", "list", "--json").stdout)["presets"]
    p.check("--preset list --json", [o["name"] for o in told] == PRESETS and told[0]["parameters"]["num_steps"] == 10, told)
    completed = p.good("completion presets", "completion", "presets").stdout.decode().split()
    p.check("completion presets", completed == PRESETS + ["none", "list"], completed)
    say = ["say", "Hello.", "-m", tiny, "-t", 1, "--seed", 3, "--frames", 8, "--no-trim"]
    for preset in told:
        if preset["name"] in ("fast", "independent-high-cfg-flat"):
            hand = [f"--{name.replace('_', '-')}={value}" for name, value in preset["parameters"].items()]
            p.good("by preset", *say, "--preset", preset["name"], "-o", "preset.wav")
            p.good("by hand", *say, *hand, "-o", "hand.wav")
            p.check(f"{preset['name']} is its values", read(p.file("preset.wav")) == read(p.file("hand.wav")))
    p.good("k 0", *say, "-s", 2, "-o", "off.wav")
    p.good("k 1", *say, "-s", 2, "--rescale-k", 1, "--rescale-sigma", 3, "-o", "one.wav")
    p.check("a rescaling by 1 is none", read(p.file("off.wav")) == read(p.file("one.wav")))
    done = p.run(*say, "--preset", "fsat", "-o", "x.wav")
    p.check("--preset fsat", done.returncode == 2 and is_one_line(done.stderr, "'fsat': unknown; did you mean fast"), done.stderr)


# ---- which counts ----

def check_precedence(p, s, tiny):
    """Each layer over the one before it."""
    model = ["say", "-m", tiny]
    all_, say, own = "num-steps = 31\n", "[say]\nnum_steps = 32\n", '[for."tiny"]\nsteps = 33\n'
    layers = [
        ("nothing", "", [], 40, "built in"),
        ("for all", all_, [], 31, "config file, line 1"),
        ("for the command", all_ + say, [], 32, "config file, [say], line 3"),
        ("for the model", all_ + say + own, [], 33, 'config file, [for."tiny"], line 5'),
        ("a preset", all_ + say + own, ["--preset", "Independent (High CFG)"], 40, "preset Independent (High CFG)"),
        ("the command line", all_ + say + own, ["--preset", "fast", "-s", 34], 34, "command line"),
    ]
    for name, content, args, want, origin in layers:
        told, origins = s.told(content, *model, *args)
        p.check(f"precedence: {name}", told.get("num_steps") == want and origins["num_steps"] == origin,
                (told.get("num_steps"), origins.get("num_steps")))
    for name, content in (("its own table", f'[say]\npreset = "fast"\n{own}'), ("none's", f'preset = "fast"\n{own}')):
        told, origins = s.told(content, *model)
        p.check(f"a model's table counts more than a preset of {name}", told["num_steps"] == 33 and told["cfg_min_t"] == 0.5 and
                origins["cfg_min_t"] == "preset fast" and origins["preset"].startswith("config file"), origins)
    told, origins = s.told(f'{all_}[say]\npreset = "fast"\n', *model)
    p.check("a nearer preset counts more than a value", told["num_steps"] == 10 and origins["num_steps"] == "preset fast", told)
    told, origins = s.told('num-steps = 31\npreset = "fast"\n', *model)
    p.check("a value beside a preset counts more", told["num_steps"] == 31 and origins["cfg_min_t"] == "preset fast", told)
    told, origins = s.told('preset = "independent-high-cfg"\n', *model, "--preset", "fast")
    p.check("there is one preset", told["num_steps"] == 10 and told["cfg_scale_text"] == 3 and
            origins["cfg_scale_text"] == "built in", told)
    told, origins = s.told('preset = "fast"\n', *model, "--preset", "none")
    p.check("--preset none", told["num_steps"] == 40 and origins["num_steps"] == "built in", told)
    told, _ = s.told("block-sizes = [64, 64]\n", *model, "--sequence-length", 30)
    p.check("of two that exclude each other the nearer", told["block_sizes"] == [] and told["sequence_length"] == 30, told)


def check_kinds(p, s, tiny):
    """Every kind of value, and the environment between file and command line."""
    content = f"""model = "{tiny}"
voice = "clip.wav"
trim = false
cfg-scale-text = 2.5
cfg-scale-speaker = 2
sequence_length = "full"
rng-seed = 7
block-sizes = []
device = "auto"
json = true
[encode]
lift = true
[bench]
num-steps = [5, 10]
"""
    told, origins = s.told(content, "say")
    want = tomllib.loads(content)
    for name in ("voice", "trim", "cfg-scale-text", "cfg-scale-speaker", "sequence_length", "rng-seed", "json", "model"):
        key = name.replace("-", "_")
        p.check(f"settings: {name}", told[key] == want[name] and origins[key].startswith("config file"), (told[key], origins[key]))
    p.check("settings: the environment counts more", origins["device"] == "environment, $ECHOTTS_DEVICE" and
            told["device"] == "cpu", (told["device"], origins["device"]))
    p.check("settings: another command's table", told["lift"] is False, told["lift"])
    other, origins = s.told(content, "say", env=dict(p.env, ECHOTTS_MODEL=p.model("odd")))
    p.check("settings: $ECHOTTS_MODEL", other["model"].endswith("odd") and origins["model"] == "environment, $ECHOTTS_MODEL", other)
    told, _ = s.told(content, "encode")
    p.check("settings: encode", told["lift"] is True and told["model"] == tiny, told)
    told, origins = s.told(content, "bench", "-m", tiny)
    p.check("bench takes its own table alone", told["num_steps"] == [5, 10] and origins["json"] == "built in", told)
    os.makedirs(p.file("home/models"), exist_ok=True)
    os.symlink(tiny, p.file("home/models/mine"))
    told, origins = s.told('model = "~/models/mine"\n[for."~/models/mine"]\nnum-steps = 3\n', "say",
                           env=dict(p.env, HOME=p.file("home")))
    p.check("settings: a home directory", told["model"].endswith("home/models/mine") and told["num_steps"] == 3, told)
    s.write('voice = "nobody"\n')
    done = p.run("say", "Hello.", "-m", tiny, "-o", "x.wav", "--config", s.path)
    p.check("a value is said to be of the file", done.returncode == 1 and
            is_one_line(done.stderr, r"nobody: .* \(voice is set in .*settings.toml:1\)"), done.stderr)


# ---- where it is ----

def check_places(p, tiny):
    folder = p.file("xdg")
    usual = os.path.join(folder, "echotts", "config.toml")
    env = dict(p.env, XDG_CONFIG_HOME=folder)

    def told(*args, **more):
        done = p.run("say", "-m", tiny, "--print-config", *args, env=dict(env, **more))
        return json.loads(done.stdout) if done.returncode == 0 else text(done.stderr)

    def steps(*args, **more):
        got = told(*args, **more)
        return got["parameters"]["num_steps"] if isinstance(got, dict) else got

    p.check("no file is no fault", told()["config"] is None, told())
    os.makedirs(os.path.dirname(usual))
    with open(usual, "w", encoding="ascii") as f:
        f.write("num-steps = 21\n")
    os.makedirs(p.file("h/.config"), exist_ok=True)
    os.symlink(os.path.dirname(usual), p.file("h/.config/echotts"))
    with open(p.file("other.toml"), "w", encoding="ascii") as f:
        f.write("num-steps = 22\n")
    got = told()
    p.check("the usual file", got["config"] == usual and got["parameters"]["num_steps"] == 21 and
            got["origins"]["config"] == "the usual place", got)
    for name, got, want in (
            ("~/.config", steps(XDG_CONFIG_HOME="", HOME=p.file("h")), 21),
            ("a relative XDG_CONFIG_HOME", steps(XDG_CONFIG_HOME="xdg", HOME="/nowhere"), 40),
            ("$ECHOTTS_CONFIG", steps(ECHOTTS_CONFIG="other.toml"), 22),
            ("--config", steps("--config", "other.toml", ECHOTTS_CONFIG="none"), 22),
            ("--config none", steps("--config", "none"), 40),
            ("$ECHOTTS_CONFIG none", steps(ECHOTTS_CONFIG="none"), 40)):
        p.check(f"which file: {name}", got == want, got)
    for args, more in ((["--config", "/nowhere/x"], {}), ([], {"ECHOTTS_CONFIG": "/nowhere/x"})):
        done = p.run("info", *args, env=dict(env, **more))
        p.check("a named file that is missing", done.returncode == 1 and is_one_line(done.stderr, "/nowhere/x: No such"), done.stderr)
    with open(usual, "w", encoding="ascii") as f:
        f.write(f'model = "{tiny}"\n')
    done = p.run("completion", "voices", env=env)
    p.check("completion voices: the file's model", done.returncode == 0 and b"voice" in done.stdout, done.stderr)
    with open(usual, "w", encoding="ascii") as f:
        f.write("nonsense")
    p.check("a broken file: help", p.run("say", "--help", env=env).returncode == 0)
    p.check("a broken file: the manual", p.run("manual", "say", env=env).returncode == 0)
    done = p.run("text", "--text", "Hi.", "-m", tiny, env=env)
    p.check("a broken file", done.returncode == 2 and is_one_line(done.stderr, "config.toml:1: after nonsense a = is missing"), done.stderr)


# ---- what is wrong ----

FAULTS = [      # the file, and what the line says
    ('voiec = "joe"', ":1: voiec: unknown setting; did you mean voice"),
    ("\n\nnum_stesp = 3", ":3: num_stesp: unknown setting; did you mean num-steps"),
    ("nothing-like-it = 3", "unknown setting; settings are the long names"),
    ("[bench]\nvoice = 3", "did you mean voices"),
    ("no-trim = true", "no-trim: write trim = false"),
    ("num-steps = 0", "'0' is not a number from 1 to 1000"),
    ("num-steps = 2.5", ":1: num-steps takes a number from 1 to 1000"),
    ('num-steps = "20"', "takes a number from 1 to 1000, without quotes"),
    ("cfg-scale-text = 1000", "is not a number from -100 to 100"),
    ("voice = 3", "voice takes a text in quotes"),
    ("trim = 1", "trim takes true or false"),
    ('json = "yes"', "json takes true or false"),
    ("block-sizes = 64", "takes in brackets a list of at most 64 numbers"),
    ("block-sizes = [0]", "block-sizes: '0' is not a list"),
    ('rng-seed = "x"', "rng-seed: 'x' is not a number"),
    ('preset = "bets"', "preset 'bets': unknown; did you mean best"),
    ('output = "x.wav"', "output is of one run"),
    ("help = true", "help is of one run"),
    ("print-config = true", "print-config is of one run"),
    ('config = "x"', "config is of one run"),
    ("[sya]", r"\[sya\] is for no command .*did you mean say"),
    ("[manual]", "takes no settings"),
    ("[say.more]", "a command has no tables"),
    ("[for]\nnum-steps = 3", 'a setting of a model goes into \\[for."NAME"\\]'),
    ("[for.a.b]\n", "the name of a model goes into quotes"),
    ('[for.x]\nmodel = "y"', "a model's table names no other model"),
    ("[for.x]\nvoiec = 'joe'", ":2: voiec: unknown setting; did you mean voice"),
    ("voice = 'a'\nvoice = 'b'", ":2: voice is set already, in line 1"),
    ("[say]\n[text]\n[say]", ":3: \\[say\\] is there already, in line 1"),
    ("voice = joe", "'joe' is no value: texts need quotes"),
    ("voice = 'joe", "the closing ' is missing"),
    ("voice = 'joe' lift = true", "more stands in this line"),
    ("voice", "after voice a = is missing"),
    (b"voice = '\xff'", "this is no text in UTF-8"),
    (b"\x7fELF\x01\x00\x00", "control character|UTF-8"),
    (b"#" * 70000, "larger than 64 KiB"),
    (b"a.b = 1\n" * 20000, "larger than 64 KiB"),
    ("".join(f"x{i} = 1\n" for i in range(1500)), "more than 1000 settings"),
]


def check_faults(p, s):
    for content, line in FAULTS:
        done = s.run(content, "info")
        p.check(f"settings {content[:40]!r}", done.returncode in (1, 2) and not done.stdout and is_one_line(done.stderr, line),
                text(done.stderr))
    for path in ("/", "/dev/zero", "/dev/null/x"):
        done = p.run("info", "--config", path)
        p.check(f"--config {path}", done.returncode == 1 and is_one_line(done.stderr, f"^echotts: {path}: "), done.stderr)


def check(p):
    tiny, s = p.model("tiny"), Settings(p)
    check_presets(p, tiny)
    check_precedence(p, s, tiny)
    check_kinds(p, s, tiny)
    check_places(p, tiny)
    check_faults(p, s)
