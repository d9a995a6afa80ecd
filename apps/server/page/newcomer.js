// SPDX-License-Identifier: MIT
// newcomer.js - a voice on its way to the server: its clips, its name, who agreed.

import { announce, byId, clock, duration, el } from "./element.js";
import { LEAST_S, MOST_S, Recorder } from "./recorder.js";
import { askJson } from "./server.js";

const QUIET = 0.03, CLIPPED = 0.99; // peaks of a recording

const megabytes = (bytes) => `${(bytes / 1048576).toFixed(1)} MB`;

export class Newcomer {
    /** added: called with what the server says of the new voice */
    constructor(added) {
        this.dialog = byId("newcomer");
        this.form = byId("newcomer-form");
        this.clips = [];
        this.added = added;
        this.limit = Infinity; // bytes
        this.recorder = new Recorder();
        this.recorder.addEventListener("level", (event) => this.#level(event.detail));
        this.recorder.addEventListener("full", () => this.#stop());
        this.form.addEventListener("submit", (event) => {
            event.preventDefault();
            this.#send();
        });
        byId("clip-files").addEventListener("change", (event) => {
            this.#take([...event.target.files]);
            event.target.value = "";
        });
        byId("record").addEventListener("click", () => this.#record());
        byId("newcomer-close").addEventListener("click", () => this.dialog.close());
        this.dialog.addEventListener("close", () => this.#leave());
    }

    open(files = []) {
        this.#say("");
        this.#draw();
        if (!this.dialog.open)
            this.dialog.showModal();
        this.#take(files);
    }

    #say(text) {
        byId("newcomer-trouble").textContent = text;
    }

    /** Nothing is heard or recorded behind a closed dialog. */
    #leave() {
        this.cut?.abort();
        if (this.recorder.isRunning)
            this.#stop();
        this.#drop(...this.clips);
    }

    #take(files) {
        const isOther = ({ type }) =>
            /^(text|image|video)\//.test(type) && !/mp4|webm|ogg/.test(type);
        const sounds = files.filter((file) => !isOther(file));
        if (sounds.length < files.length)
            this.#say("Only sound files can become a voice.");
        for (const file of sounds)
            this.clips.push({ blob: file, name: file.name, url: URL.createObjectURL(file) });
        if (!byId("newcomer-name").value && sounds[0])
            byId("newcomer-name").value = sounds[0].name.replace(/\.[^.]*$/, "").slice(0, 64);
        this.#draw();
    }

    #drop(...clips) {
        clips.forEach((clip) => URL.revokeObjectURL(clip.url));
        this.clips = this.clips.filter((clip) => !clips.includes(clip));
        this.#draw();
    }

    #draw() {
        byId("clips").replaceChildren(...this.clips.map((clip) => el("li", {},
            el("span", { class: "name" }, clip.name),
            el("span", { class: "facts" }, clip.facts ?? megabytes(clip.blob.size)),
            el("audio", {
                controls: true, src: clip.url, preload: "metadata", "aria-label": clip.name,
            }),
            el("button", {
                type: "button", class: "quiet", "aria-label": `Leave out ${clip.name}`,
                click: () => this.#drop(clip),
            }, "Leave out"))));
    }

    // ---- the microphone ----

    async #record() {
        if (this.recorder.isRunning) {
            this.#stop();
            return;
        }
        this.#say("");
        byId("record").disabled = true;
        try {
            await this.recorder.start();
            byId("record").textContent = "Stop recording";
            byId("recording").hidden = false;
            if (!this.dialog.open)
                this.#stop();
            announce("Recording");
        } catch (failure) {
            this.#say(failure.message);
        } finally {
            byId("record").disabled = false;
        }
    }

    #level(peak) {
        const db = 20 * Math.log10(peak + 1e-5);
        const { seconds } = this.recorder.sound;
        byId("level").value = Math.max(0, 60 + db);
        byId("recorded").textContent = `${clock(seconds)} of at most ${clock(MOST_S)}`
            + (seconds < LEAST_S ? `, at least ${LEAST_S} s` : "");
    }

    #stop() {
        const sound = this.recorder.stop();
        byId("record").textContent = "Record";
        byId("recording").hidden = true;
        if (sound.seconds < LEAST_S) {
            this.#say(`${duration(sound.seconds)} is too short. Record at least ${LEAST_S} s; `
                + "10 to 30 s are better.");
            return;
        }
        if (this.recorder.peak < QUIET)
            this.#say("The recording is very quiet. Come nearer to the microphone, "
                + "or tick “Lift”.");
        else if (this.recorder.peak > CLIPPED)
            this.#say("The recording was too loud in places. Turn the microphone down "
                + "and record again.");
        const n = this.clips.filter((clip) => clip.recorded).length + 1;
        const blob = sound.wav();
        this.clips.push({
            blob, name: `recording-${n}.wav`, url: URL.createObjectURL(blob), recorded: true,
            facts: duration(sound.seconds),
        });
        this.#draw();
        announce(`Recorded ${duration(sound.seconds)}`);
    }

    // ---- to the server ----

    #lacks() {
        const bytes = this.clips.reduce((sum, clip) => sum + clip.blob.size, 0);
        if (!this.clips.length)
            return ["Choose a file or record something first.", "clip-files"];
        if (bytes > this.limit)
            return [`The clips have ${megabytes(bytes)}, this server takes `
                + `${megabytes(this.limit)}.`, "clip-files"];
        if (!byId("newcomer-name").value.trim())
            return ["Give the voice a name.", "newcomer-name"];
        if (!byId("agreed").checked)
            return ["Tick that the speaker agreed. Without that, the voice must not be used.",
                "agreed"];
        return null;
    }

    #fields() {
        const form = new FormData();
        const note = byId("newcomer-consent").value.trim();
        form.append("name", byId("newcomer-name").value.trim());
        form.append("consent", note || "confirmed on the page");
        if (byId("newcomer-license").value.trim())
            form.append("license", byId("newcomer-license").value.trim());
        for (const flag of ["trim", "lift", "replace"])
            form.append(flag, String(byId(`newcomer-${flag}`).checked));
        for (const clip of this.clips)
            form.append("file", clip.blob, clip.name);
        return form;
    }

    async #send() {
        const lack = this.recorder.isRunning ? ["Stop recording first.", "record"]
            : this.#lacks();
        const button = byId("newcomer-add");
        if (lack) {
            this.#say(lack[0]);
            byId(lack[1]).focus();
            return;
        }
        this.cut = new AbortController();
        button.disabled = true;
        button.textContent = "Adding…";
        this.#say("");
        try {
            const voice = await askJson("/v1/audio/voices",
                { form: this.#fields(), signal: this.cut.signal });
            this.form.reset();
            this.dialog.close();
            await this.added(voice);
        } catch (failure) {
            if (failure.name !== "AbortError")
                this.#say(failure.status === 401
                    ? "This server needs its key. Close this, and enter the key first."
                    : failure.message);
        } finally {
            button.disabled = false;
            button.textContent = "Add this voice";
        }
    }
}
