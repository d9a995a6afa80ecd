// SPDX-License-Identifier: MIT
// estimate.js - how long the text will take to say, asked for when the user stops typing.

import { duration } from "./element.js";
import { askJson } from "./server.js";
import { bodyOf } from "./speech.js";

const WAIT_MS = 400;

export class Estimate {
    /** job: gives the job as it stands, or throws */
    constructor(output, notes, job) {
        this.output = output;
        this.notes = notes;
        this.job = job;
        this.seconds = 0; // 0: not known
    }

    /** The text or a setting has changed. */
    later() {
        clearTimeout(this.timer);
        this.cut?.abort();
        this.seconds = 0;
        this.timer = setTimeout(() => this.#ask(), WAIT_MS);
    }

    #show(text, notes = []) {
        this.output.textContent = text;
        this.notes.textContent = notes.join(" ");
    }

    async #ask() {
        let job;
        try {
            job = this.job();
        } catch {
            this.#show("");
            return;
        }
        if (!job.text.trim()) {
            this.#show("");
            return;
        }
        const cut = this.cut = new AbortController();
        try {
            const said = await askJson("/v1/audio/speech/estimate",
                { json: bodyOf(job), signal: cut.signal });
            const n = said.pieces?.length ?? 0;
            const parts = n > 1 ? ` in ${n} pieces` : "";
            this.seconds = said.seconds;
            this.#show(`about ${duration(said.seconds)}${parts}`, said.warnings);
        } catch (failure) {
            if (!cut.signal.aborted)
                this.#show("", failure.status === 400 ? [failure.message] : []);
        }
    }
}
