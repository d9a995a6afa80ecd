// SPDX-License-Identifier: MIT
// speech.js - one speech: asked for, arriving, made.

import { ask, events, Failure } from "./server.js";
import { Sound } from "./sound.js";

const RATE = 44100;

/**
 * Events: "sound" (there is more), "progress" (detail: what the server said), "pieces",
 * "warning", "end".
 */
export class Speech extends EventTarget {
    /** job: { text, voice, preset, settings } */
    constructor(job) {
        super();
        this.job = job;
        this.sound = new Sound(RATE);
        this.planned = []; // pieces of the text, as they were announced
        this.said = []; // those that are made, with their times
        this.warnings = [];
        this.seed = null;
        this.state = "running"; // then "done", "cancelled" or "failed"
        this.odd = null; // half a sample at the end of an event
        this.cut = new AbortController();
    }

    cancel() {
        this.cut.abort();
    }

    /** Until it is made.  Throws a Failure; being cancelled is none. */
    async run() {
        try {
            const response = await ask("/v1/audio/speech", {
                json: {
                    ...bodyOf(this.job), response_format: "pcm", sample_rate: RATE,
                    stream_format: "sse", progress: true,
                },
                signal: this.cut.signal,
            });
            this.#headers(response);
            for await (const event of events(response))
                this.#take(event);
            if (this.state === "running")
                throw new Failure("The connection to the server broke off before the end.");
        } catch (failure) {
            this.state = this.cut.signal.aborted ? "cancelled" : "failed";
            if (this.state === "failed")
                throw failure;
        } finally {
            this.sound.complete = true;
            this.#tell("end");
        }
    }

    #headers(response) {
        const ignored = response.headers.get("X-Echotts-Ignored");
        const seed = response.headers.get("X-Echotts-Seed");
        if (seed)
            this.seed = seed;
        if (response.headers.has("X-Echotts-Silence"))
            this.#warn("There is nothing to speak in this text: no letter and no digit.");
        if (ignored)
            this.#warn(`The server does not know: ${ignored}.`);
    }

    #tell(type, detail) {
        this.dispatchEvent(new CustomEvent(type, { detail }));
    }

    #warn(message) {
        if (this.warnings.includes(message))
            return;
        this.warnings.push(message);
        this.#tell("warning", message);
    }

    #take(event) {
        switch (event.type) {
        case "speech.audio.delta":
            this.#hear(event.audio);
            break;
        case "speech.pieces":
            this.planned = event.pieces;
            this.#tell("pieces");
            break;
        case "speech.piece":
            this.said.push(event);
            this.#tell("pieces");
            break;
        case "speech.warning":
            this.#warn(event.message);
            break;
        case "speech.queued":
        case "speech.progress":
            this.#tell("progress", event);
            break;
        case "speech.audio.done":
            this.seed = String(event.seed ?? this.seed ?? "");
            this.state = "done";
            break;
        }
    }

    #hear(base64) {
        let bytes = decode(base64);
        if (this.odd !== null) {
            const joined = new Uint8Array(bytes.length + 1);
            joined[0] = this.odd;
            joined.set(bytes, 1);
            bytes = joined;
        }
        this.odd = bytes.length % 2 ? bytes.at(-1) : null;
        this.sound.append(samplesOf(bytes));
        this.#tell("sound");
    }
}

/** The request's body for a job, and for its estimate. */
export function bodyOf(job) {
    const body = { input: job.text, ...job.settings };
    if (job.voice)
        body.voice = job.voice;
    if (job.preset)
        body.preset = job.preset;
    return body;
}

function decode(base64) {
    if (Uint8Array.fromBase64)
        return Uint8Array.fromBase64(base64);
    return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}

/** Whole little-endian samples, on any machine. */
function samplesOf(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const out = new Int16Array(bytes.length >> 1);
    for (let i = 0; i < out.length; i++)
        out[i] = view.getInt16(2 * i, true);
    return out;
}
