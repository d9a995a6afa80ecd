// SPDX-License-Identifier: MIT
// server.js - the server: asking it, its key, its failures, its events.

const KEY = "echotts.key";
const SERVER_GONE = "The server does not answer.";

/** A failure with what the server said of it. */
export class Failure extends Error {
    constructor(message, facts = {}) {
        super(message);
        this.status = facts.status ?? 0; // of HTTP; 0: no answer came
        this.param = facts.param ?? null;
        this.code = facts.code ?? null;
        this.retry = facts.retry ?? 0; // seconds until it may be tried again
    }
}

function stored() {
    try {
        return sessionStorage.getItem(KEY) ?? "";
    } catch {
        return "";
    }
}

let key = stored();

export function setKey(value) {
    key = value;
    try {
        sessionStorage.setItem(KEY, value);
    } catch {
        // It stays in memory until the page is closed.
    }
}

async function failureOf(response) {
    let error = {};
    try {
        error = (await response.json()).error ?? {};
    } catch {
        // Not of our server: its status has to do.
    }
    return new Failure(error.message || `The server answered ${response.status}.`, {
        status: response.status, param: error.param, code: error.code,
        retry: Number(response.headers.get("Retry-After")) || 0,
    });
}

/** Ask for a path.  `json` or `form` is posted.  Gives the response, or throws a Failure. */
export async function ask(path, { method, json, form, signal } = {}) {
    const headers = {};
    let response;

    if (key)
        headers.Authorization = `Bearer ${key}`;
    if (json)
        headers["Content-Type"] = "application/json";
    try {
        response = await fetch(path, {
            method: method ?? (json || form ? "POST" : "GET"), headers, signal,
            body: json ? JSON.stringify(json) : form,
        });
    } catch (failure) {
        if (failure.name === "AbortError")
            throw failure;
        throw new Failure(SERVER_GONE);
    }
    if (!response.ok)
        throw await failureOf(response);
    return response;
}

export async function askJson(path, options) {
    return (await ask(path, options)).json();
}

async function* pieces(response) {
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    try {
        for (;;) {
            const { done, value } = await reader.read();
            if (done)
                return;
            yield decoder.decode(value, { stream: true });
        }
    } catch (failure) {
        if (failure.name === "AbortError")
            throw failure;
        throw new Failure("The connection to the server broke off.");
    } finally {
        reader.cancel().catch(() => {});
    }
}

/** The events of a response (SSE) as objects; one that says "error" is thrown. */
export async function* events(response) {
    let rest = [];
    for await (const piece of pieces(response)) {
        rest.push(piece);
        if (!piece.includes("\n"))
            continue;
        const lines = rest.join("").split("\n");
        rest = [lines.pop()];
        for (const line of lines) {
            const data = line.startsWith("data:") ? line.slice(5).trim() : "";
            if (!data || data === "[DONE]")
                continue;
            const event = JSON.parse(data);
            if (event.type === "error" || event.error)
                throw new Failure(event.error?.message ?? "Speaking failed.", event.error);
            yield event;
        }
    }
}
