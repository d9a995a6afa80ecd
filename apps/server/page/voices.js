// SPDX-License-Identifier: MIT
// voices.js - the voices that the server has: choosing, hearing, deleting.

import { announce, duration, el } from "./element.js";
import { ask, askJson } from "./server.js";

const FILTER_FROM = 10; // voices, before a filter is of use

const pathOf = (voice) => `/v1/audio/voices/${encodeURIComponent(voice.id)}`;

export class Voices {
    /** list: a radiogroup; failed: called with what went wrong; changed: another is chosen */
    constructor(list, filter, failed, changed) {
        this.list = list;
        this.filter = filter;
        this.failed = failed;
        this.changed = changed;
        this.voices = [];
        this.chosen = "";
        this.audio = new Audio();
        this.audio.addEventListener("ended", () => this.silence());
        filter.addEventListener("input", () => this.#draw());
    }

    async load() {
        this.voices = (await askJson("/v1/audio/voices")).voices;
        const first = this.voices.find((voice) => voice.default) ?? this.voices[0];
        if (!this.voices.some((voice) => voice.id === this.chosen))
            this.choose(first?.id ?? "");
        this.#draw();
    }

    choose(id) {
        if (id === this.chosen)
            return;
        this.chosen = id;
        for (const input of this.list.querySelectorAll("input"))
            input.checked = input.value === id;
        this.changed();
    }

    #draw() {
        const want = this.filter.value.trim().toLowerCase();
        const shown = this.voices.filter((v) => (v.name ?? v.id).toLowerCase().includes(want));
        this.silence();
        this.filter.hidden = this.voices.length < FILTER_FROM;
        this.list.replaceChildren(...shown.map((voice) => this.#row(voice)));
        if (!shown.length)
            this.list.append(el("p", { class: "empty" }, this.voices.length
                ? "No voice has this in its name."
                : "There is no voice yet, so the model picks one by itself. Add yours below."));
    }

    #row(voice) {
        const name = voice.name ?? voice.id;
        const facts = [voice.source === "library" ? "yours" : "of the model",
            voice.seconds ? duration(voice.seconds) : "", voice.license ?? ""].filter(Boolean);
        const input = el("input", {
            type: "radio", name: "voice", value: voice.id, change: () => this.choose(voice.id),
        });
        input.checked = voice.id === this.chosen;
        return el("div", { class: "voice" },
            el("label", {}, input, el("span", { class: "name" }, name),
                el("span", { class: "facts" }, facts.join(" · "))),
            this.#previewButton(voice, name),
            voice.source === "library" ? this.#deleteButton(voice, name) : null);
    }

    #previewButton(voice, name) {
        const button = el("button", {
            type: "button", class: "quiet hear", "aria-label": `Hear ${name}`,
            click: () => this.#preview(voice, button),
        }, "Hear");
        return button;
    }

    #deleteButton(voice, name) {
        return el("button", {
            type: "button", class: "quiet danger", "aria-label": `Delete ${name}`,
            click: () => this.remove?.(voice, name),
        }, "Delete");
    }

    silence() {
        this.audio.pause();
        this.cut?.abort();
        this.cut = null;
        if (this.button)
            this.button.textContent = "Hear";
        this.button = null;
    }

    async #preview(voice, button) {
        const again = this.button === button;
        this.silence();
        if (again)
            return;
        const cut = this.cut = new AbortController();
        this.button = button;
        button.textContent = "Wait…";
        try {
            const path = `${pathOf(voice)}/preview?response_format=mp3`;
            const blob = await (await ask(path, { signal: cut.signal })).blob();
            if (cut.signal.aborted)
                return;
            URL.revokeObjectURL(this.audio.src);
            this.audio.src = URL.createObjectURL(blob);
            await this.audio.play();
            button.textContent = "Stop";
            announce(`Playing ${voice.name ?? voice.id}`);
        } catch (failure) {
            if (cut.signal.aborted)
                return;
            this.silence();
            this.failed(failure);
        }
    }

    async delete(voice) {
        await ask(pathOf(voice), { method: "DELETE" });
        await this.load();
        announce(`${voice.name ?? voice.id} is deleted`);
    }
}
