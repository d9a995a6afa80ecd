// SPDX-License-Identifier: MIT
// bench.js - a file of `echotts bench` (JSON or CSV), drawn as charts and as a table.

import { announce, el } from "./element.js";

const COLUMNS = [ // key, title, decimals; as the program's own table
    ["text", "text"], ["characters", "characters"], ["clip_s", "voice s"], ["steps", "steps"],
    ["devices", "where"], ["frames", "frames"], ["audio_s", "audio s", 2], ["rtf", "RTF", 3],
    ["total_s", "total s", 3], ["total_min_s", "least s", 3], ["total_max_s", "most s", 3],
    ["speedup", "speedup", 2], ["step_ms", "ms/step", 1], ["load_s", "loading s", 3],
    ["text_s", "text s", 3], ["voice_s", "voice s", 3], ["sample_s", "sampling s", 3],
    ["decode_s", "decoding s", 3], ["overlap_s", "overlap s", 3],
];
const PARTS = [
    ["text_s", "text"], ["voice_s", "voice"],
    ["sample_s", "sampling"], ["decode_s", "decoding"],
];
const NEEDED = ["text", "steps", "rtf", "total_s", "sample_s", "decode_s"];
const HINT = "Open what “echotts bench --csv FILE” or “echotts bench --json > FILE” wrote.";

/** The cells of a line of CSV; quotes as JSON has them, or doubled. */
function cells(line) {
    const found = line.matchAll(/(?:^|,)(?:"((?:[^"\\]|\\.|"")*)"|([^,]*))/g);
    const bare = (quoted) => quoted.replace(/""|\\(.)/g, (all, c) => c ?? '"');
    return [...found].map(([, quoted, plain]) => quoted === undefined ? plain : bare(quoted));
}

function valueOf(cell) {
    if (cell === "true" || cell === "false")
        return cell === "true";
    return cell !== "" && Number.isFinite(Number(cell)) ? Number(cell) : cell;
}

function rowsOfCsv(text) {
    const lines = text.split(/\r?\n/).filter((line) => line.trim());
    const keys = cells(lines[0] ?? "");
    return lines.slice(1).map((line) =>
        Object.fromEntries(cells(line).map((cell, i) => [keys[i], valueOf(cell)])));
}

/** { report, rows } of a file's text; throws one line where it is something else. */
export function parse(text) {
    let report = {}, rows;
    if (/^\s*[{[]/.test(text)) {
        try {
            report = JSON.parse(text);
        } catch (failure) {
            throw new Error(`This is no whole JSON file: ${failure.message}. ${HINT}`);
        }
        rows = report.rows;
    } else {
        rows = rowsOfCsv(text);
    }
    if (!Array.isArray(rows) || !rows.length)
        throw new Error(`There are no rows of a benchmark in this file. ${HINT}`);
    const lacks = NEEDED.filter((key) => rows.some((row) => row?.[key] === undefined));
    if (lacks.length)
        throw new Error(`This is no benchmark: its rows lack “${lacks.join("”, “")}”. ${HINT}`);
    return { report, rows };
}

const several = (rows, key) => new Set(rows.map((row) => row[key])).size > 1;

function nameOf(row, rows) {
    return [row.text, row.clip_s ? `${row.clip_s} s voice` : "no voice", `${row.steps} steps`,
        several(rows, "devices") ? row.devices : ""].filter(Boolean).join(" · ");
}

function bar(parts, most) {
    const seen = parts.filter(([, value]) => value > 0);
    return el("span", { class: "bar" }, ...seen.map(([kind, value]) => {
        const part = el("span", { class: `part ${kind}` });
        part.style.width = `${100 * value / most}%`;
        return part;
    }));
}

function figure(title, rows, partsOf, valueOf, legend) {
    const sum = (parts) => parts.reduce((total, [, value]) => total + value, 0);
    const most = Math.max(...rows.map((row) => sum(partsOf(row))));
    const lines = rows.flatMap((row) => [
        el("span", { class: "label" }, nameOf(row, rows)), bar(partsOf(row), most),
        el("span", { class: "value" }, valueOf(row))]);
    return el("figure", {}, el("figcaption", {}, title), legend,
        el("div", { class: "bars", "aria-hidden": "true" }, ...lines));
}

/** Time that is both sampling and decoding is counted once, as sampling. */
function partsOf(row) {
    return PARTS.map(([key, name]) =>
        [name, Math.max(0, row[key] - (key === "decode_s" ? row.overlap_s || 0 : 0)) || 0]);
}

function legend() {
    return el("p", { class: "legend", "aria-hidden": "true" }, ...PARTS.map(([, name]) =>
        el("span", {}, el("span", { class: `part ${name}` }), name)));
}

function table(rows) {
    const columns = COLUMNS.filter(([key]) => rows.some((row) => row[key] !== undefined));
    const cell = (row, [key, , decimals]) => {
        const value = row[key];
        const isReal = typeof value === "number" && decimals;
        const text = isReal ? value.toFixed(decimals) : String(value ?? "");
        const star = key === "audio_s" && row.estimated ? " *" : "";
        return el("td", { class: typeof value === "number" ? "number" : null }, text + star);
    };
    return el("table", {}, el("caption", { class: "hidden" }, "The benchmark, row by row"),
        el("thead", {}, el("tr", {},
            ...columns.map(([, title]) => el("th", { scope: "col" }, title)))),
        el("tbody", {},
            ...rows.map((row) => el("tr", {}, ...columns.map((c) => cell(row, c))))));
}

function facts({ report, rows }) {
    const { machine, settings, arrangements } = report;
    const lines = [
        machine && `Machine: ${machine.cpu}, ${machine.cores} cores`,
        report.model && `Model: ${report.model}`,
        ...(arrangements ?? []).map((a) => `${a.devices}: ${a.device}, ${a.precision}`),
        settings && `${settings.threads} threads, medians of ${settings.runs}`,
        report.version && `echotts ${report.version}`,
        report.complete === false && "The benchmark was stopped before its end.",
        rows.some((row) => row.estimated)
            && "* No speech came: its length is an estimate by the text.",
    ].filter(Boolean);
    return el("ul", { class: "facts" }, ...lines.map((line) => el("li", {}, line)));
}

export class Bench {
    constructor(input, output, trouble) {
        this.output = output;
        this.trouble = trouble;
        input.addEventListener("change", () => {
            if (input.files[0])
                this.open(input.files[0]);
            input.value = "";
        });
    }

    async open(file) {
        this.trouble.textContent = "";
        try {
            this.#draw(parse(await file.text()));
            announce(`${file.name} is shown`);
        } catch (failure) {
            this.output.replaceChildren();
            this.trouble.textContent = failure.message;
        }
    }

    #draw(benchmark) {
        const { rows } = benchmark;
        this.output.replaceChildren(facts(benchmark),
            el("div", { class: "figures" },
                figure("Seconds until all is said", rows, partsOf,
                    (row) => `${row.total_s.toFixed(2)} s`, legend()),
                figure("RTF: seconds of work for a second of sound; "
                    + "below 1 is faster than speech",
                rows, (row) => [["rtf", row.rtf]], (row) => row.rtf.toFixed(3), null)),
            el("div", {
                class: "scroll", tabindex: "0", role: "region",
                "aria-label": "Table of the benchmark",
            }, table(rows)));
    }
}
