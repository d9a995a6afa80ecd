// SPDX-License-Identifier: MIT
// parameters.js - a field for every parameter that the server knows; which are changed.

import { el } from "./element.js";

/** The page sets these itself, or has fields of its own for them. */
const ELSEWHERE = [
    "rng_seed", "seed", "sample_rate", "bitrate", "quality", "progress", "stream",
];

/** A field: its row, what the user set, and what counts where nothing is set. */
class Field {
    constructor(row, changed) {
        const id = `parameter-${row.name}`;
        this.row = row;
        this.base = row.default ?? null; // of the model, or of a preset
        this.input = this.#make(id);
        this.input.addEventListener("input", () => {
            this.mark();
            changed();
        });
        this.reset = el("button", {
            type: "button", class: "quiet", "aria-label": `Reset ${row.name}`, click: () => {
                this.set(null);
                changed();
                this.input.focus();
            },
        }, "Reset");
        this.flag = el("span", { class: "flag" }, "changed");
        this.about = el("p", { class: "about", id: `${id}-about` });
        this.box = el("div", { class: "parameter" },
            el("label", { for: id }, row.name.replaceAll("_", " ")), this.flag, this.input,
            this.reset, this.about);
        this.set(null);
    }

    #make(id) {
        const { kind, words } = this.row;
        const common = { id, "aria-describedby": `${id}-about`, "data-name": this.row.name };
        if (kind === "bool")
            return choice(common, [["", ""], ["true", "on"], ["false", "off"]]);
        if (words?.length && words.every((w) => w.number === undefined || w.number === null))
            return choice(common, [["", ""], ...words.map((w) => [w.word, w.word])]);
        return el("input", {
            ...common, type: "text", autocomplete: "off", spellcheck: "false",
            inputmode: isNumber(kind) && !words?.length ? "decimal" : "text",
        });
    }

    /** The number or word that is set, null if there is none; throws what is wrong with it. */
    get value() {
        const { kind, words } = this.row;
        const text = this.input.value.trim();
        if (text === "")
            return null;
        if (kind === "bool")
            return text === "true";
        if (words?.some((w) => w.word === text))
            return text;
        if (kind === "list")
            return text.split(/[\s,]+/).map((item) => this.#number(item));
        return isNumber(kind) ? this.#number(text) : text;
    }

    #number(text) {
        const { name, kind, min, max } = this.row;
        const number = Number(text);
        const isWhole = kind === "float" || Number.isInteger(number);
        const isInside = number >= (min ?? -Infinity) && number <= (max ?? Infinity);
        if (text === "" || !isWhole || !isInside) {
            const message = `${name} is ${text}, expected ${this.range}.`;
            throw Object.assign(new Error(message), { param: name });
        }
        return number;
    }

    get range() {
        const { kind, max, words } = this.row;
        const parts = [];
        if (isNumber(kind) || kind === "list")
            parts.push((kind === "float" ? "" : "whole numbers, ")
                + `${this.#least()} to ${max ?? "…"}`);
        parts.push(...(words ?? []).map((w) => w.word));
        return parts.join(", or ");
    }

    /** Whole numbers that have words are told as these. */
    #least() {
        let { min } = this.row;
        while (this.row.kind === "int" && this.row.words?.some((w) => w.number === min))
            min++;
        return min ?? "…";
    }

    get isChanged() {
        return this.input.value.trim() !== "";
    }

    set(value) {
        this.input.value = value === null || value === undefined ? ""
            : Array.isArray(value) ? value.join(", ") : String(value);
        this.mark();
    }

    setBase(value) {
        this.base = value ?? this.row.default ?? null;
        this.mark();
    }

    mark() {
        let wrong = "";
        try {
            void this.value;
        } catch (failure) {
            wrong = failure.message;
        }
        const base = this.#shown(this.base);
        const range = this.row.kind === "bool" ? "" : this.range;
        this.input.setAttribute("aria-invalid", String(Boolean(wrong)));
        this.box.classList.toggle("changed", this.isChanged);
        this.flag.hidden = this.reset.hidden = !this.isChanged;
        this.about.textContent = wrong || [this.row.help, range].filter(Boolean).join(" · ");
        this.about.classList.toggle("wrong", Boolean(wrong));
        if (this.input.tagName === "SELECT")
            this.input.options[0].textContent = base ? `${base} (default)` : "default";
        else
            this.input.placeholder = base;
    }

    #shown(value) {
        if (typeof value === "boolean")
            return value ? "on" : "off";
        if (typeof value === "number")
            return this.row.words?.find((w) => w.number === value)?.word
                ?? String(Number(value.toPrecision(6)));
        return value === null ? "" : Array.isArray(value) ? value.join(", ") : String(value);
    }
}

const isNumber = (kind) => kind === "int" || kind === "float";

function choice(attributes, options) {
    return el("select", attributes,
        ...options.map(([value, text]) => el("option", { value }, text)));
}

export class Parameters {
    /** groups: { speech, model }, where fields go; changed: called when a value changes */
    constructor(groups, summary, resetAll, changed) {
        this.groups = groups;
        this.summary = summary;
        this.resetAll = resetAll;
        this.fields = [];
        this.changed = () => {
            this.#count();
            changed();
        };
        resetAll.addEventListener("click", () => {
            this.set({});
            this.changed();
        });
    }

    build(speech, model) {
        const make = (rows) => rows.filter((row) => !ELSEWHERE.includes(row.name))
            .map((row) => new Field(row, this.changed));
        const groups = [[this.groups.speech, make(speech)], [this.groups.model, make(model)]];
        this.fields = groups.flatMap(([group, fields]) => {
            group.replaceChildren(...fields.map((field) => field.box));
            return fields;
        });
        this.#count();
    }

    /** Values of the preset count where nothing is set. */
    setPreset(values) {
        for (const field of this.fields)
            field.setBase(values?.[field.row.name]);
    }

    /** The changed values by name; throws an error with `param`. */
    get values() {
        const changed = this.fields.filter((field) => field.isChanged);
        return Object.fromEntries(changed.map((field) => [field.row.name, field.value]));
    }

    set(values) {
        for (const field of this.fields)
            field.set(values[field.row.name]);
        this.#count();
    }

    /** The input of a parameter, null if there is none. */
    input(name) {
        const isIt = ({ row }) => row.name === name || (row.alias && row.alias === name);
        return this.fields.find(isIt)?.input ?? null;
    }

    #count() {
        const n = this.fields.filter((field) => field.isChanged).length;
        this.summary.textContent = n ? `${n} changed` : "";
        this.resetAll.hidden = !n;
    }
}
