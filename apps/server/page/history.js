// SPDX-License-Identifier: MIT
// history.js - what was said before: text and settings in localStorage, sound in memory.

import { duration, el } from "./element.js";

const STORE = "echotts.history";
const MOST = 50;
const TEXT_KEPT = 20000; // letters of a text that localStorage keeps

function stored() {
    try {
        const entries = JSON.parse(localStorage.getItem(STORE) ?? "[]");
        const isEntry = (e) => typeof e?.job?.text === "string";
        return Array.isArray(entries) ? entries.filter(isEntry) : [];
    } catch {
        return [];
    }
}

export class History {
    /** list: an <ol>; actions: { replay(speech), reuse(entry) } */
    constructor(list, clear, actions) {
        this.list = list;
        this.clear = clear;
        this.actions = actions;
        this.speeches = new Map(); // by id of their entries
        this.entries = stored();
        clear.addEventListener("click", () => {
            this.entries = [];
            this.speeches.clear();
            this.#keep();
        });
        this.#draw();
    }

    add(speech) {
        const entry = {
            id: `${Date.now()}-${Math.random()}`, when: Date.now(), job: speech.job,
            seed: speech.seed, seconds: speech.sound.seconds, state: speech.state,
        };
        this.speeches.set(entry.id, speech);
        this.entries.unshift(entry);
        for (const old of this.entries.splice(MOST))
            this.speeches.delete(old.id);
        this.#keep();
    }

    #remove(entry) {
        this.entries = this.entries.filter((e) => e !== entry);
        this.speeches.delete(entry.id);
        this.#keep();
    }

    #keep() {
        const short = this.entries.map((e) => e.job.text.length > TEXT_KEPT
            ? { ...e, cut: true, job: { ...e.job, text: e.job.text.slice(0, TEXT_KEPT) } } : e);
        try {
            localStorage.setItem(STORE, JSON.stringify(short));
        } catch {
            // Full or forbidden: it lasts as long as the page.
        }
        this.#draw();
    }

    #draw() {
        this.list.replaceChildren(...this.entries.map((entry) => this.#row(entry)));
        this.list.parentElement.hidden = !this.entries.length;
    }

    #row(entry) {
        const speech = this.speeches.get(entry.id);
        const { text, voice } = entry.job;
        const words = text.length > 160 ? `${text.slice(0, 160)}…` : text;
        const facts = [voice, duration(entry.seconds), entry.seed ? `seed ${entry.seed}` : "",
            new Date(entry.when).toLocaleString([], { dateStyle: "short", timeStyle: "short" }),
            entry.state === "cancelled" ? "cancelled" : "",
            entry.cut ? "only the beginning of the text is kept" : ""].filter(Boolean);
        const button = (name, click, more = {}) =>
            el("button", { type: "button", class: "quiet", click, ...more }, name);
        return el("li", {}, el("p", { class: "words" }, words),
            el("p", { class: "facts" }, facts.join(" · ")),
            el("div", { class: "row" },
                speech ? button("Play again", () => this.actions.replay(speech)) : null,
                button("Use text and settings", () => this.actions.reuse(entry)),
                button("Remove", () => this.#remove(entry))));
    }
}
