// SPDX-License-Identifier: MIT
// recorder.js - records from the microphone into a sound of 16 bits.

import { Failure } from "./server.js";
import { Sound, toInt16 } from "./sound.js";

export const LEAST_S = 3;
export const MOST_S = 300;

const REASONS = {
    NotAllowedError: "The browser may not use the microphone. Allow it for this page, "
        + "then try again.",
    NotFoundError: "No microphone was found. Plug one in, or choose a file.",
    NotReadableError: "The microphone is in use by another program.",
};

/** Events: "level" (detail: peak of a block, 0 to 1), "full" (it is as long as it may be). */
export class Recorder extends EventTarget {
    async start() {
        if (!navigator.mediaDevices?.getUserMedia || !window.AudioWorkletNode)
            throw new Failure("Browsers record on https pages and on localhost only. "
                + "Choose a file.");
        try {
            this.stream = await navigator.mediaDevices.getUserMedia({
                audio: {
                    echoCancellation: false, noiseSuppression: false, autoGainControl: false,
                },
            });
            this.context = new AudioContext();
            await this.context.audioWorklet.addModule("/recorder-worklet.js");
        } catch (failure) {
            this.#close();
            throw new Failure(REASONS[failure.name] ?? `Recording failed: ${failure.message}`);
        }
        this.sound = new Sound(this.context.sampleRate);
        this.peak = 0;
        const tap = new AudioWorkletNode(this.context, "tap", { numberOfOutputs: 0 });
        tap.port.onmessage = (message) => this.#take(message.data);
        this.context.createMediaStreamSource(this.stream).connect(tap);
    }

    #take(block) {
        if (!this.stream)
            return;
        const peak = block.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
        const left = MOST_S * this.sound.rate - this.sound.length;
        this.peak = Math.max(this.peak, peak);
        this.sound.append(toInt16(block.subarray(0, left)));
        this.dispatchEvent(new CustomEvent("level", { detail: peak }));
        if (left <= block.length)
            this.dispatchEvent(new Event("full"));
    }

    get isRunning() {
        return Boolean(this.stream && this.sound);
    }

    /** Gives the sound. */
    stop() {
        const { sound } = this;
        this.#close();
        this.sound = null;
        sound.complete = true;
        return sound;
    }

    #close() {
        this.stream?.getTracks().forEach((track) => track.stop());
        this.context?.close();
        this.stream = this.context = null;
    }
}
