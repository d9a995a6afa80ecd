// SPDX-License-Identifier: MIT
// player.js - plays a sound through Web Audio, also while it grows: slice behind slice.

const AHEAD_S = 4; // so much is scheduled; timers of hidden pages run once a second
const SLICE_S = 1;
const LEAD_S = 0.06; // from the decision to play until the first sample
const REFILL_S = 0.4; // had before going on, after the sound ran out
const FADE_S = 0.015;
const TICK_MS = 150;

/** Events: "state" (playing, waiting, paused or at the end). */
export class Player extends EventTarget {
    constructor() {
        super();
        this.sound = null;
        this.playing = false;
        this.waiting = false; // for sound that is still to come
        this.volume = 1;
        this.from = 0; // where playing begins, in samples
        this.slices = [];
    }

    /** Listeners hear nothing before a gesture, so this is called in one. */
    open() {
        if (!this.context) {
            this.context = new AudioContext({ sampleRate: 44100 });
            this.gain = this.context.createGain();
            this.gain.gain.value = this.volume;
            this.analyser = this.context.createAnalyser();
            this.gain.connect(this.analyser).connect(this.context.destination);
        }
        if (this.context.state !== "running")
            this.context.resume();
    }

    setVolume(volume) {
        this.volume = volume;
        this.gain?.gain.setTargetAtTime(volume, this.context.currentTime, 0.02);
    }

    load(sound) {
        this.pause();
        this.sound = sound;
        this.from = 0;
        this.#tell();
    }

    get atEnd() {
        return Boolean(this.sound?.complete) && this.from >= this.sound.length;
    }

    /** In seconds. */
    get position() {
        return this.sound ? this.#sample() / this.sound.rate : 0;
    }

    play() {
        if (!this.sound || this.playing)
            return;
        this.open();
        if (this.atEnd)
            this.from = 0;
        this.fade = this.context.createGain();
        this.fade.connect(this.gain);
        this.next = this.from;
        this.at = this.context.currentTime + LEAD_S;
        this.playing = true;
        this.timer = setInterval(() => this.tick(), TICK_MS);
        this.tick();
        this.#tell();
    }

    pause() {
        if (!this.playing)
            return;
        this.from = this.#sample();
        this.#stop();
        this.#tell();
    }

    seek(seconds) {
        const was = this.playing;
        if (!this.sound)
            return;
        this.pause();
        const sample = Math.round(seconds * this.sound.rate);
        this.from = Math.max(0, Math.min(this.sound.length, sample));
        if (was && !this.atEnd)
            this.play();
        this.#tell();
    }

    /** Schedule what there is; also called when there is more. */
    tick() {
        if (!this.playing)
            return;
        const now = this.context.currentTime;
        const last = this.slices.length - 1; // stays, as the position goes by it
        this.slices = this.slices.filter((slice, i) => slice.until > now || i === last);
        if (this.sound.complete && this.next >= this.sound.length && now >= this.at) {
            this.from = this.sound.length;
            this.#stop();
            this.#tell();
            return;
        }
        if (this.at < now)
            this.#refill(now);
        while (!this.waiting && this.next < this.sound.length && this.at < now + AHEAD_S)
            this.#schedule();
    }

    /** The sound has run out: wait until there is enough to go on. */
    #refill(now) {
        const left = (this.sound.length - this.next) / this.sound.rate;
        const waiting = !this.sound.complete && left < REFILL_S;
        if (waiting !== this.waiting) {
            this.waiting = waiting;
            this.#tell();
        }
        if (!waiting)
            this.at = now + LEAD_S;
    }

    #schedule() {
        const { rate } = this.sound;
        const n = Math.min(SLICE_S * rate, this.sound.length - this.next);
        const buffer = this.context.createBuffer(1, n, rate);
        const source = this.context.createBufferSource();
        this.sound.read(this.next, buffer.getChannelData(0));
        source.buffer = buffer;
        source.connect(this.fade);
        source.start(this.at);
        const until = this.at + n / rate;
        this.slices.push({ at: this.at, until, first: this.next, n, source });
        this.at = until;
        this.next += n;
    }

    #sample() {
        if (!this.playing)
            return this.from;
        const now = this.context.currentTime;
        const slice = this.slices.findLast((s) => s.at <= now);
        if (!slice)
            return this.slices[0]?.first ?? this.from;
        return slice.first + Math.min(slice.n, Math.round((now - slice.at) * this.sound.rate));
    }

    #stop() {
        const now = this.context.currentTime;
        clearInterval(this.timer);
        this.fade.gain.setValueAtTime(1, now);
        this.fade.gain.linearRampToValueAtTime(0, now + FADE_S);
        for (const slice of this.slices)
            slice.source.stop(now + FADE_S);
        this.slices = [];
        this.playing = this.waiting = false;
    }

    #tell() {
        this.dispatchEvent(new Event("state"));
    }
}
