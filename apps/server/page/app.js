// SPDX-License-Identifier: MIT
// app.js - the page: its parts put together, its keys, what is dropped on it, its two views.

import { Bench } from "./bench.js";
import { announce, byId, duration } from "./element.js";
import { Estimate } from "./estimate.js";
import { History } from "./history.js";
import { Newcomer } from "./newcomer.js";
import { Notice } from "./notice.js";
import { Parameters } from "./parameters.js";
import { askJson } from "./server.js";
import { Speech } from "./speech.js";
import { Studio } from "./studio.js";
import { Voices } from "./voices.js";

const STEPS_TOLD = 0.25; // of the progress, to those who listen
const STAGES = { encode: "Listening to the voice", sample: "Sampling", decode: "Making sound" };

const text = byId("text"), seed = byId("seed"), preset = byId("preset");
const notice = new Notice();
const failed = (failure, again) => notice.show(failure, again);
const changed = () => estimate.later();

const parameters = new Parameters(
    { speech: byId("speech-parameters"), model: byId("model-parameters") },
    byId("advanced-count"), byId("advanced-reset"), changed);
const voices = new Voices(byId("voices"), byId("voice-filter"), failed, changed);
const newcomer = new Newcomer(async (voice) => {
    voices.chosen = voice.id;
    await loadVoices();
    announce(`${voice.name ?? voice.id} is added`);
    if (voice.warnings?.length)
        byId("text-notes").textContent = voice.warnings.join(" ");
});
const history = new History(byId("entries"), byId("history-clear"), { replay, reuse });
const estimate = new Estimate(byId("estimate"), byId("text-notes"), job);
const bench = new Bench(byId("bench-file"), byId("bench-output"), byId("bench-trouble"));

/** For those who look into the page, as its test does. */
export const studio = new Studio(failed);

let running = null; // the speech that is being made
let presets = [], mostText = Infinity;

// ---- the job ----

function wrong(message, param) {
    return Object.assign(new Error(message), { param });
}

function seedOf(value) {
    const digits = value.trim();
    if (!digits)
        return null;
    if (!/^\d+$/.test(digits) || BigInt(digits) >= 2n ** 64n)
        throw wrong("The seed is a whole number, or empty.", "seed");
    return Number(BigInt.asUintN(32, BigInt(digits))); // more bits of it do not count
}

function job() {
    const settings = parameters.values;
    const number = seedOf(seed.value);
    if (number !== null)
        settings.seed = number;
    return { text: text.value, voice: voices.chosen, preset: preset.value, settings };
}

function reuse({ job: old, seed: number }) {
    const { seed: asked, ...settings } = old.settings ?? {};
    text.value = old.text;
    seed.value = number ?? asked ?? "";
    preset.value = presets.some((p) => p.name === old.preset) ? old.preset : "";
    showPreset();
    parameters.set(settings);
    if (voices.voices.some((voice) => voice.id === old.voice))
        voices.choose(old.voice);
    wrote();
    text.focus();
}

// ---- speaking ----

function fieldOf(param) {
    const fields = { input: text, text, seed, rng_seed: seed, preset };
    return fields[param] ?? parameters.input(param);
}

function refuse(failure, again) {
    const field = fieldOf(failure.param);
    notice.show(failure, again);
    if (!field || failure.status === 401)
        return;
    field.closest("details")?.setAttribute("open", "");
    field.setAttribute("aria-invalid", "true");
    field.addEventListener("input", () => field.removeAttribute("aria-invalid"),
        { once: true });
    field.focus();
}

function lack(current) {
    if (!current.text.trim())
        return "Write something first.";
    const n = [...current.text].length;
    if (n > mostText)
        return `The text has ${n} characters, this server takes ${mostText}.`;
    return "";
}

async function generate() {
    let speech;
    if (running)
        return;
    notice.hide();
    voices.silence();
    try {
        const current = job();
        const message = lack(current);
        if (message)
            throw wrong(message, "input");
        speech = new Speech(current);
    } catch (failure) {
        refuse(failure);
        return;
    }
    const before = studio.speech;
    setRunning(speech);
    studio.player.open();
    speech.addEventListener("progress", (event) => progress(event.detail));
    speech.addEventListener("pieces", () => {
        if (!estimate.seconds && !speech.said.length)
            studio.wave.expected = speech.planned.reduce((sum, p) => sum + p.expected_s, 0);
    });
    speech.addEventListener("sound", () => reveal(byId("result")), { once: true });
    studio.show(speech, estimate.seconds);
    if (byId("autoplay").checked)
        studio.player.play();
    announce("Generating");
    try {
        await speech.run();
        announce(speech.state === "done" ? `Done: ${duration(speech.sound.seconds)} of speech`
            : "Cancelled");
    } catch (failure) {
        studio.player.pause();
        refuse(failure, generate);
    } finally {
        setRunning(null);
        if (speech.sound.length)
            history.add(speech);
        else
            goBack(before);
    }
}

/** Nothing came: show what was there before, if there was anything. */
function goBack(before) {
    studio.player.pause();
    if (before)
        studio.show(before, before.sound.seconds);
    else
        byId("result").hidden = true;
}

function cancel() {
    running?.cancel();
    studio.player.pause();
}

/** On a small screen the speech may be out of sight. */
function reveal(element) {
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (element.getBoundingClientRect().top > innerHeight * 0.7)
        element.scrollIntoView({ behavior: isCalm ? "auto" : "smooth", block: "start" });
}

function setRunning(speech) {
    const hadFocus = [byId("generate"), byId("cancel")].includes(document.activeElement);
    running = speech;
    told = 0;
    byId("generate").hidden = Boolean(speech);
    byId("cancel").hidden = !speech;
    byId("progress").hidden = !speech;
    byId("progress-bar").removeAttribute("value");
    byId("progress-text").textContent = "Asking the server…";
    if (hadFocus)
        byId(speech ? "cancel" : "generate").focus();
}

let told = 0;

function progress(event) {
    const bar = byId("progress-bar");
    let line;
    if (event.type === "speech.queued") {
        line = event.position > 0 ? `Waiting: ${event.position} before you` : "It is your turn";
        bar.removeAttribute("value");
    } else {
        const step = event.stage === "sample" ? `step ${event.done} of ${event.total}` : "";
        const left = event.left_s >= 0 ? `${duration(event.left_s)} left` : "";
        const share = `${Math.round(100 * (event.share ?? 0))} %`;
        bar.value = event.share ?? 0;
        line = [STAGES[event.stage] ?? event.stage, step, share, left]
            .filter(Boolean).join(" · ");
        if (bar.value >= told + STEPS_TOLD) {
            told = bar.value;
            announce(`${Math.round(100 * told)} percent`);
        }
    }
    byId("progress-text").textContent = line;
}

function replay(speech) {
    if (running)
        return;
    studio.show(speech, speech.sound.seconds);
    studio.player.play();
    byId("result-title").focus();
}

// ---- text ----

function wrote() {
    const n = [...text.value].length;
    byId("text-count").textContent = n ? `${n.toLocaleString("en")} characters`
        + (n > mostText ? `, this server takes ${mostText.toLocaleString("en")}` : "") : "";
    changed();
}

// ---- presets ----

function showPreset() {
    const chosen = presets.find((p) => p.name === preset.value);
    const cost = chosen?.evaluations ? ` · ${chosen.evaluations} evaluations of the model` : "";
    byId("preset-about").textContent = chosen ? chosen.help + cost
        : "As the model’s maker set it.";
    parameters.setPreset(chosen?.values);
    changed();
}

// ---- voices ----

async function loadVoices() {
    try {
        await voices.load();
    } catch (failure) {
        failed(failure, loadVoices);
    }
}

voices.remove = (voice, name) => {
    const question = byId("question");
    byId("question-text").textContent =
        `Delete the voice “${name}”? It cannot be brought back.`;
    question.returnValue = "no";
    question.showModal();
    byId("question-no").focus();
    question.onclose = async () => {
        if (question.returnValue !== "yes")
            return;
        try {
            await voices.delete(voice);
            byId("add-voice").focus();
        } catch (failure) {
            failed(failure);
        }
    };
};

// ---- what is dropped ----

function drop(files) {
    const isBench = !byId("bench").hidden;
    const isText = (f) => f.type.startsWith("text/")
        || /\.(txt|md|markdown|html?|ssml)$/i.test(f.name);
    if (newcomer.dialog.open)
        newcomer.open(files);
    else if (isBench)
        bench.open(files[0]);
    else if (files.every(isText))
        files[0].text().then((words) => {
            text.value = words;
            wrote();
        });
    else
        newcomer.open(files);
}

function listenToDrops() {
    const has = (event) => event.dataTransfer?.types.includes("Files");
    addEventListener("dragover", (event) => {
        if (!has(event))
            return;
        event.preventDefault();
        document.body.classList.add("dropping");
    });
    addEventListener("dragleave", (event) => {
        if (!event.relatedTarget)
            document.body.classList.remove("dropping");
    });
    addEventListener("drop", (event) => {
        document.body.classList.remove("dropping");
        if (!has(event))
            return;
        event.preventDefault();
        if (event.dataTransfer.files.length)
            drop([...event.dataTransfer.files]);
    });
}

// ---- views ----

function showView() {
    const isBench = location.hash === "#bench";
    byId("bench").hidden = !isBench;
    byId("speak").hidden = isBench;
    for (const [id, current] of [["to-bench", isBench], ["to-speak", !isBench]])
        if (current)
            byId(id).setAttribute("aria-current", "page");
        else
            byId(id).removeAttribute("aria-current");
    document.title = isBench ? "Benchmark – echotts" : "echotts";
    scrollTo(0, 0);
}

// ---- the server ----

async function load() {
    try {
        const known = await askJson("/v1/parameters");
        const { model, limits } = known;
        presets = known.presets;
        mostText = limits?.max_text || Infinity;
        newcomer.limit = limits?.max_upload || Infinity;
        parameters.build(known.speech ?? [], known.parameters);
        studio.setFormats(known.formats);
        preset.replaceChildren(preset.options[0],
            ...presets.map((p) => new Option(p.title, p.name)));
        byId("server").textContent = [model.id, model.device, model.precision]
            .filter(Boolean).join(" · ");
        byId("license").textContent = `This server’s model${model.id ? ` (${model.id})` : ""}: `
            + `${model.license || "it does not say its licence"}.`;
        showPreset();
    } catch (failure) {
        byId("server").textContent = "not connected";
        failed(failure, start);
    }
}

async function start() {
    await Promise.all([load(), loadVoices()]);
    byId("generate").disabled = false;
    document.body.dataset.ready = "true";
}

byId("generate").addEventListener("click", generate);
byId("cancel").addEventListener("click", cancel);
byId("add-voice").addEventListener("click", () => newcomer.open());
byId("new-seed").addEventListener("click", () => {
    seed.value = "";
    announce("A new seed each time");
});
byId("use-seed").addEventListener("click", () => {
    seed.value = studio.speech.seed;
    announce(`Seed ${seed.value} is used again`);
});
preset.addEventListener("change", showPreset);
text.addEventListener("input", wrote);
addEventListener("hashchange", showView);
addEventListener("keydown", (event) => {
    const isModal = document.querySelector("dialog[open]");
    const isGo = event.key === "Enter" && (event.ctrlKey || event.metaKey);
    if (isGo && !isModal && byId("bench").hidden) {
        event.preventDefault();
        generate();
    } else if (event.key === "Escape" && !isModal && running) {
        cancel();
    }
});
listenToDrops();
showView();
wrote();
start();
