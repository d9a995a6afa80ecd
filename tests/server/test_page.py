#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The page of `echotts serve`, in Chromium, against a running program.

Usage: test_page.py PROGRAM MODEL

Needs Playwright (PyPI: playwright, axe-playwright-python), chromium and ffprobe (Debian).  CHROMIUM names
another browser, SHOTS a folder for screenshots; -v behind the arguments prints times.
"""
import array
import base64
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import wave

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
SHOTS = os.environ.get("SHOTS")
RATE = 44100
SHORT = "The train to Berlin leaves at half past seven."
LONG = " ".join(["The train to Berlin leaves at half past seven, and it is hardly ever late at all.",
                 "On Sundays it does not go, so you have to take the bus from the market place.",
                 "Nobody in this town remembers why, but the old men tell a story about it.",
                 "They tell it every evening, when the lamps are lit along the river."] * 2)
CODECS = {"wav": "pcm_s16le", "flac": "flac", "mp3": "mp3", "ogg": "vorbis", "opus": "opus",
          "aac": "aac"}
EVIL = '<img src="x" onerror="document.title=1"> Good evening to all of you.'

passed = failed = 0


def check(name, good, what=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(f"FAIL {name}  {what}", flush=True)
    return good


def told(name, begun):
    if "-v" in sys.argv:
        print(f"{name}: {time.monotonic() - begun:.1f} s", flush=True)


@contextlib.contextmanager
def serving(program, model, folder, *args):
    """The address of a server that runs meanwhile, and what stops it sooner."""
    environment = {**os.environ, "ECHOTTS_CONFIG": "none", "XDG_CACHE_HOME": os.path.join(folder, "cache")}
    server = subprocess.Popen([program, "serve", "--port", "0", "--model", model,
                               "--voices", os.path.join(folder, "voices"), *args],
                              stderr=subprocess.PIPE, text=True, env=environment)
    try:
        for line in server.stderr:
            found = re.search(r"listening on (http://[\d.:]+)", line)
            if found:
                break
        else:
            sys.exit("the server did not start")
        yield found[1], server
    finally:
        server.terminate()
        try:
            server.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            server.kill()


class Tab:
    """A page that is watched: what it asks for, what it complains about."""

    def __init__(self, context, url):
        self.url, self.outside, self.errors, self.statuses = url, [], [], []
        self.page = context.new_page()
        self.page.set_default_timeout(15000)
        self.page.on("request", lambda r: self.asked(r.url))
        self.page.on("response", lambda r: self.statuses.append(r.status) if r.status >= 400 else None)
        self.page.on("pageerror", lambda e: self.errors.append(str(e)))
        self.page.on("console", lambda m: self.told(m))
        self.page.add_init_script("document.addEventListener('securitypolicyviolation', "
                                  "(e) => console.error('CSP', e.violatedDirective, e.blockedURI))")

    def asked(self, url):
        if not url.startswith((self.url + "/", "blob:" + self.url, "data:")):
            self.outside.append(url)

    def told(self, message):
        # The browser itself notes every answer of 400 and above; those are tested by name.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.errors.append(message.text)

    def open(self, view=""):
        self.page.goto(self.url + "/" + view)
        self.page.wait_for_selector("body[data-ready]")

    def look(self, expression, *args):
        return self.page.evaluate(f"async (given) => {{ const {{ studio }} = await import('/app.js');"
                                  f" const {{ player, speech, wave }} = studio; return {expression}; }}", *args)

    def wait(self, expression, seconds=15):
        """Whether it becomes true.  The page's policy forbids wait_for_function()."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.look(expression):
                return True
            self.page.wait_for_timeout(40)
        return False

    def until(self, expression):
        if not self.wait(expression):
            raise RuntimeError(f"never true: {expression}")

    def generate(self, text, play=False):
        self.page.fill("#text", text)
        self.page.set_checked("#autoplay", play)
        self.page.click("#generate")

    def made(self, seconds=30):
        self.page.wait_for_selector("#generate:not([hidden])", timeout=seconds * 1000)
        return self.look("speech?.state")

    def notice(self):
        self.page.wait_for_selector("#notice:not([hidden])")
        return self.page.inner_text("#notice")

    def shot(self, name):
        if SHOTS:
            self.page.screenshot(path=os.path.join(SHOTS, f"{name}.png"), full_page=True)

    def sound(self):
        """What the page keeps of the sound, as samples."""
        url = self.look("new Promise(async (done) => { const reader = new FileReader();"
                           " reader.onload = () => done(reader.result); reader.readAsDataURL(speech.sound.wav()); })")
        return array.array("h", base64.b64decode(url.split(",")[1])[44:])


def level(samples):
    return (sum(x * x for x in samples[::7]) / max(1, len(samples[::7]))) ** 0.5 / 32768


def probe(path, *more):
    done = subprocess.run(["ffprobe", "-v", "error", *more, "-show_entries",
                           "stream=codec_name,sample_rate:format=duration", "-of", "json", path],
                          capture_output=True, text=True, check=False)
    found = json.loads(done.stdout or "{}")
    stream = (found.get("streams") or [{}])[0]
    return stream.get("codec_name"), float(found.get("format", {}).get("duration", 0))


def check_axe(tab, name):
    found = Axe().run(tab.page).response["violations"]
    bad = [(v["id"], [n["html"][:90] for n in v["nodes"]]) for v in found if v["impact"] in ("serious", "critical")]
    check(f"axe: {name}", not bad, bad)


def check_width(tab, name):
    width = tab.page.viewport_size["width"]
    found = tab.page.evaluate("document.documentElement.scrollWidth")
    check(f"width: {name}", found <= width, f"{found} in {width}")


# ---- what a user does ----

def test_start(tab):
    tab.open()
    names = tab.page.locator("#voices .name").all_inner_texts()
    check("the model's voices", {"joe", "deep"} <= set(names), names)
    check("one is chosen", tab.page.locator("#voices input:checked").count() == 1)
    check("the licence", "MIT" in tab.page.inner_text("#license"), tab.page.inner_text("#license"))
    check("the base model's licence", "CC-BY-NC-SA-4.0" in tab.page.inner_text("footer"))
    check("presets", tab.page.locator("#preset option").count() >= 4)


def test_estimate(tab):
    tab.page.fill("#text", SHORT)
    tab.until("document.getElementById('estimate').textContent")
    said = tab.page.inner_text("#estimate")
    seconds = float(re.search(r"[\d.]+", said)[0])
    check("the estimate", 1 < seconds < 8, said)


def test_hear(tab):
    """Generates by the keyboard and listens to what is played."""
    tab.page.check("#voices input[value=joe]")
    tab.page.fill("#text", SHORT)
    tab.page.set_checked("#autoplay", True)
    tab.page.focus("#text")
    tab.page.keyboard.press("Control+Enter")
    check("speech is made", tab.made() == "done")
    loudest = tab.look("""new Promise((done) => {
        const block = new Float32Array(2048);
        let most = 0;
        const timer = setInterval(() => {
            player.analyser.getFloatTimeDomainData(block);
            most = Math.max(most, Math.sqrt(block.reduce((sum, x) => sum + x * x, 0) / block.length));
            if (!player.playing) { clearInterval(timer); done(most); }
        }, 20);
    })""")
    seconds = tab.look("speech.sound.seconds")
    samples = tab.sound()
    check("it is heard", loudest > 0.02, loudest)
    check("it has a length", 1.5 < seconds < 6 and len(samples) == round(seconds * RATE), seconds)
    check("it has a level", 0.01 < level(samples) < 0.5, level(samples))
    check("it was played to its end", tab.look("player.atEnd"))
    drawn = "(id) => { const c = document.getElementById(id); const d = c.getContext('2d')" \
            ".getImageData(0, 0, c.width, c.height).data; return new Set(new Uint32Array(d.buffer)).size; }"
    check("the waveform is drawn", tab.page.evaluate(drawn, "waveform") > 1)
    check("the spectrogram is drawn", tab.page.evaluate(drawn, "spectrogram") > 50)


def test_seek(tab):
    box = tab.page.locator("#position").bounding_box()
    half = tab.look("speech.sound.seconds") / 2
    tab.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 20)
    check("a click seeks", abs(tab.look("player.position") - half) < 0.1, tab.look("player.position"))
    tab.page.focus("#position")
    tab.page.keyboard.press("Home")
    check("Home seeks", tab.look("player.position") == 0)
    tab.page.keyboard.press("ArrowRight")
    check("an arrow seeks", abs(tab.look("player.position") - 1) < 0.05)
    tab.page.click("#play")
    check("play", tab.wait("player.playing && player.position > 1.1"))
    tab.page.click("#play")
    at = tab.look("player.position")
    tab.page.wait_for_timeout(120)
    check("pause", not tab.look("player.playing") and tab.look("player.position") == at)


def test_downloads(tab, folder):
    seconds = tab.look("speech.sound.seconds")
    formats = tab.page.locator("#format option").evaluate_all("all => all.map(o => o.value)")
    check("formats", {*CODECS, "pcm"} <= set(formats), formats)
    for name in formats:
        tab.page.select_option("#format", name)
        with tab.page.expect_download() as waiting:
            tab.page.click("#download")
        path = os.path.join(folder, waiting.value.suggested_filename)
        waiting.value.save_as(path)
        if name == "pcm":
            codec, length = "pcm", os.path.getsize(path) / 2 / RATE
        else:
            codec, length = probe(path)
        check(f"download as {name}", codec == CODECS.get(name, "pcm") and abs(length - seconds) < 0.15,
              (path, codec, length, seconds))


def test_seed(tab):
    seed = tab.page.inner_text("#used-seed")
    check("the seed is shown", re.fullmatch(r"Seed \d+", seed), seed)
    tab.page.click("#use-seed")
    tab.generate(SHORT)
    tab.made()
    check("the seed is used again", tab.page.inner_text("#used-seed") == seed, tab.page.inner_text("#used-seed"))
    tab.page.click("#new-seed")
    tab.generate(SHORT)
    tab.made()
    check("a new seed", tab.page.inner_text("#used-seed") != seed)


def test_pieces(tab):
    tab.generate(LONG, play=True)
    tab.page.wait_for_selector("#pieces li:nth-child(3)")
    check("a piece lights up while the rest is made", tab.wait(
        "document.querySelector('#pieces li.current button[aria-current]') !== null"))
    check("all is made", tab.made(60) == "done")
    said = " ".join(tab.page.locator("#pieces .words").all_inner_texts())
    check("pieces are the text", len(said.split()) >= 0.9 * len(LONG.split()), said)
    check("each can be heard", tab.page.locator("#pieces button:disabled").count() == 0)
    tab.page.locator("#pieces button").nth(2).click()
    begin = tab.look("speech.said[2].begin_s")
    check("a piece seeks", tab.wait(f"Math.abs(player.position - {begin}) < 0.5"), begin)
    check("it lights up", tab.wait("document.querySelectorAll('#pieces li')[2].classList.contains('current')"))
    tab.look("player.seek(speech.said[3].begin_s - 0.05)")
    check("and then the next", tab.wait("document.querySelectorAll('#pieces li')[3].classList.contains('current')"))
    tab.look("player.pause()")


def test_cancel(tab):
    tab.generate(" ".join([LONG] * 4), play=True)
    tab.wait("speech.sound.length > 0 && speech.state === 'running'")
    begun = time.monotonic()
    tab.page.keyboard.press("Escape")
    check("cancelled", tab.made(5) == "cancelled")
    check("at once", time.monotonic() - begun < 2)
    check("and silent", not tab.look("player.playing"))
    check("what was made stays", tab.look("speech.sound.length > 0"))
    check("no complaint", tab.page.locator("#notice").is_hidden())


def test_settings(tab):
    tab.page.click("#advanced summary")
    tab.page.fill("#parameter-num_steps", "7")
    check("a change is marked", tab.page.inner_text("#advanced-count") == "1 changed")
    with tab.page.expect_request("**/v1/audio/speech") as asked:
        tab.generate(SHORT)
    body = json.loads(asked.value.post_data)
    check("it is asked for", body.get("num_steps") == 7 and "cfg_scale_text" not in body, body)
    check("speech with it", tab.made() == "done")
    tab.page.fill("#parameter-num_steps", "many")
    tab.page.click("#generate")
    check("a wrong number is refused", "num_steps" in tab.notice(), tab.notice())
    check("its field has the focus", tab.page.evaluate("document.activeElement.id") == "parameter-num_steps")
    check_axe(tab, "a refused number")
    tab.page.click("#advanced-reset")
    check("reset", tab.page.input_value("#parameter-num_steps") == "")
    tab.page.click("#advanced summary")


def test_wrong(tab, url):
    tab.page.fill("#text", "   ")
    tab.page.click("#generate")
    check("no text", "Write something" in tab.notice() and tab.page.evaluate("document.activeElement.id") == "text")
    tab.page.fill("#text", SHORT)
    tab.page.evaluate("(url) => fetch(url, { method: 'DELETE' })", f"{url}/v1/audio/voices/guest")
    tab.page.check("#voices input[value=guest]")
    tab.page.click("#generate")
    tab.until("!document.getElementById('notice-text').textContent.includes('Write')")
    check("the server's own words", "guest" in tab.notice(), tab.notice())
    tab.page.check("#voices input[value=joe]")
    tab.page.click("#notice-close")


def test_evil(tab):
    tab.generate(EVIL)
    tab.made()
    check("text stays text", tab.page.locator('img[src="x"]').count() == 0 and tab.page.title() == "echotts")


def test_history(tab):
    before = tab.page.locator("#entries li").count()
    tab.open()
    check("history outlives the page", before >= 3 and tab.page.locator("#entries li").count() == before, before)
    tab.page.locator("#entries button", has_text="Use text").last.click()
    check("a text comes back", tab.page.input_value("#text") == SHORT, tab.page.input_value("#text"))
    check("with its seed", tab.page.input_value("#seed").isdigit())
    tab.page.click("#new-seed")


def test_upload(tab, clip):
    tab.page.click("#add-voice")
    tab.page.set_input_files("#clip-files", clip)
    tab.page.fill("#newcomer-name", "guest")
    tab.page.click("#newcomer-add")
    check("consent is asked for", "agreed" in tab.page.inner_text("#newcomer-trouble"))
    check_axe(tab, "the new voice")
    tab.page.check("#agreed")
    tab.page.fill("#newcomer-consent", "Joe, for this test")
    tab.page.click("#newcomer-add")
    tab.page.wait_for_selector("#voices input[value=guest]:checked")
    check("it is added and chosen", tab.page.locator("#newcomer").is_hidden())
    tab.generate(SHORT)
    check("it speaks", tab.made() == "done")
    tab.page.click("#add-voice")
    tab.page.set_input_files("#clip-files", {"name": "bad.wav", "mimeType": "audio/wav", "buffer": b"no sound"})
    tab.page.fill("#newcomer-name", "bad")
    tab.page.check("#agreed")
    tab.page.click("#newcomer-add")
    tab.until("document.getElementById('newcomer-trouble').textContent")
    check("what is no sound is refused", tab.page.inner_text("#newcomer-trouble"))
    tab.page.keyboard.press("Escape")
    check("Escape closes it", tab.page.locator("#newcomer").is_hidden())


DROP = """([name, type, base64]) => {
    const files = new DataTransfer();
    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    files.items.add(new File([bytes], name, { type }));
    for (const kind of ["dragover", "drop"]) {
        document.body.dispatchEvent(new DragEvent(kind, { dataTransfer: files, bubbles: true, cancelable: true }));
        if (kind === "dragover" && !document.body.classList.contains("dropping"))
            throw new Error("nothing shows that it may be dropped");
    }
}"""


def test_drop(tab, clip):
    """Files from another window: a text is to be said, sound is a new voice."""
    tab.page.evaluate(DROP, ["words.txt", "text/plain", base64.b64encode(b"Dropped words.").decode()])
    tab.until("document.getElementById('text').value === 'Dropped words.'")
    check("a text that is dropped is to be said", tab.page.input_value("#text") == "Dropped words.")
    with open(clip, "rb") as f:
        sound = base64.b64encode(f.read()).decode()
    tab.page.evaluate(DROP, ["dropped.wav", "audio/wav", sound])
    tab.page.wait_for_selector("#newcomer[open]")
    tab.page.fill("#newcomer-name", "dropped")
    tab.page.check("#agreed")
    tab.page.click("#newcomer-add")
    tab.page.wait_for_selector("#voices input[value=dropped]:checked")
    check("sound that is dropped becomes a voice", tab.page.locator("#newcomer").is_hidden())
    check("nothing shows a drop any more", not tab.page.evaluate("document.body.classList.contains('dropping')"))


def test_record(tab):
    tab.page.click("#add-voice")
    tab.page.click("#record")
    tab.until("document.getElementById('level').value > 20")
    tab.page.click("#record")
    check("too short", "at least 3" in tab.page.inner_text("#newcomer-trouble"),
          tab.page.inner_text("#newcomer-trouble"))
    tab.page.click("#record")
    tab.until("/^0:0[4-9]/.test(document.getElementById('recorded').textContent)")
    tab.page.click("#record")
    tab.page.wait_for_selector("#clips li")
    tab.page.fill("#newcomer-name", "recorded")
    tab.page.check("#agreed")
    tab.page.uncheck("#newcomer-trim")
    tab.page.click("#newcomer-add")
    tab.page.wait_for_selector("#voices input[value=recorded]:checked")
    facts = tab.page.inner_text("#voices .voice:has(input[value=recorded]) .facts")
    seconds = float(re.search(r"([\d.]+) s", facts)[1])
    check("a recording is a voice", 3.5 < seconds < 8, facts)


def test_preview(tab):
    tab.page.click("#voices .voice:has(input[value=deep]) .hear")
    tab.until("[...document.querySelectorAll('.hear')].some((b) => b.textContent === 'Stop')")
    check("a voice is heard", True)
    tab.page.click("#voices .voice:has(input[value=deep]) .hear")


def test_delete(tab):
    button = tab.page.locator("#voices .voice:has(input[value=recorded]) .danger")
    button.click()
    check_axe(tab, "the question")
    tab.page.click("#question-no")
    check("kept", tab.page.locator("#voices input[value=recorded]").count() == 1)
    button.click()
    tab.page.click("#question-yes")
    tab.page.wait_for_selector("#voices input[value=recorded]", state="detached")
    check("deleted", True)


def test_bench(tab, program, model, folder):
    table = os.path.join(folder, "bench.csv")
    done = subprocess.run([program, "bench", "-m", model, "--texts", "short", "-s", "1,2", "--voices", "0",
                           "--runs", "1", "--json", "--csv", table], capture_output=True, text=True, check=False,
                          env={**os.environ, "ECHOTTS_CONFIG": "none"})
    rows = json.loads(done.stdout)["rows"]
    tab.page.click("#to-bench")
    for name, content in (("bench.json", done.stdout), ("bench.csv", open(table, encoding="utf-8").read())):
        tab.page.set_input_files("#bench-file", {"name": name, "mimeType": "text/plain",
                                                 "buffer": content.encode()})
        tab.page.wait_for_selector("#bench-output table")
        cells = tab.page.locator("#bench-output tbody tr").nth(1).locator("td").all_inner_texts()
        check(f"{name}: rows", tab.page.locator("#bench-output tbody tr").count() == 2, cells)
        check(f"{name}: numbers", cells[0] == "short" and f"{rows[1]['total_s']:.3f}" in cells, (cells, rows[1]))
    check_axe(tab, "the benchmark")
    tab.page.set_input_files("#bench-file", {"name": "x.csv", "mimeType": "text/csv", "buffer": b"a,b\n1,2\n"})
    tab.page.wait_for_selector("#bench-trouble:not(:empty)")
    check("another file is refused", "no benchmark" in tab.page.inner_text("#bench-trouble"))
    tab.page.click("#to-speak")


def test_key(browser, url):
    context = browser.new_context()
    tab = Tab(context, url)
    tab.open()
    check("the key is asked for", "key" in tab.notice().lower(), tab.notice())
    check("in a field", tab.page.evaluate("document.activeElement.id") == "key")
    check_axe(tab, "the key")
    tab.page.fill("#key", "wrong")
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_selector("#key-form:not([hidden])")
    tab.page.fill("#key", "secret")
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_selector("#preset option:nth-child(2)", state="attached")
    tab.generate(SHORT)
    check("with the key it speaks", tab.made() == "done")
    tab.open()
    tab.page.wait_for_selector("#preset option:nth-child(2)", state="attached")
    check("the key stays in the tab", tab.page.locator("#notice").is_hidden())
    check("only 401", set(tab.statuses) == {401}, tab.statuses)
    check("no errors with a key", not tab.errors and not tab.outside, (tab.errors, tab.outside))
    context.close()


def test_phone_and_themes(browser, url):
    for scheme, width in (("light", 360), ("dark", 1280)):
        begun = time.monotonic()
        context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 740},
                                      reduced_motion="reduce")
        tab = Tab(context, url)
        tab.open()
        tab.generate(SHORT + " Pneumonoultramicroscopicsilicovolcanoconiosis" * 2)
        tab.made()
        tab.page.click("#advanced summary")
        check_width(tab, f"{scheme}, {width}")
        check_axe(tab, f"{scheme}, {width}")
        tab.shot(f"{scheme}-{width}")
        tab.page.click("#add-voice")
        check_width(tab, f"{scheme}, {width}, the new voice")
        if scheme == "dark":  # light was looked at above
            check_axe(tab, "dark, the new voice")
        tab.page.keyboard.press("Escape")
        tab.page.click("#to-bench")
        check_width(tab, f"{scheme}, {width}, the benchmark")
        check(f"no errors, {scheme}", not tab.errors and not tab.outside, (tab.errors, tab.outside))
        context.close()
        told(scheme, begun)


def test_offline(tab, server):
    server.terminate()
    server.wait(20)
    tab.page.fill("#text", SHORT)
    tab.page.click("#generate")
    check("no answer", "does not answer" in tab.notice() and "still running" in tab.notice(), tab.notice())
    check("it may be tried again", tab.page.locator("#notice-again").is_visible())
    check_axe(tab, "no answer")


def main(program, model):
    program = os.path.abspath(program)
    model = os.path.abspath(model)
    clip = os.path.join(model, "joe.wav")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=[
            "--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-audio-capture={clip}"])
        with serving(program, model, folder) as (url, server):
            tab = Tab(browser.new_context(permissions=["microphone"], accept_downloads=True), url)
            steps = [(test_start,), (test_estimate,), (test_hear,), (test_seek,), (test_downloads, folder),
                     (test_seed,), (test_pieces,), (test_cancel,), (test_settings,), (test_upload, clip),
                     (test_drop, clip),
                     (test_wrong, url), (test_evil,), (test_record,), (test_preview,), (test_delete,),
                     (test_bench, program, model, folder), (test_history,)]
            for test, *more in steps:
                begun = time.monotonic()
                try:
                    test(tab, *more)
                except Exception as failure:
                    check(test.__name__, False, str(failure).splitlines()[0])
                    tab.shot(test.__name__)
                    tab.open()  # the next one begins anew
                told(test.__name__, begun)
            check("failures were the expected ones", set(tab.statuses) <= {400, 404}, tab.statuses)
            test_phone_and_themes(browser, url)
            test_offline(tab, server)
            check("no errors, no violations", not tab.errors, tab.errors)
            check("nothing from outside", not tab.outside, tab.outside)
        with serving(program, model, folder, "--api-key", "secret") as (url, _):
            test_key(browser, url)
        browser.close()
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:3]))
