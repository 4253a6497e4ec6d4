// The data of the report, and numbers and elements as the page shows them.
"use strict";

const report = JSON.parse(document.getElementById("data").textContent);

// ---- Runs ----

const several = report.runs.length > 1;
const many = report.runs.length > 4;
const namesDiffer = new Set(report.runs.map((run) => run.name)).size === report.runs.length;

function nameOf(run) {
    return namesDiffer ? run.name : run.directory;
}

// ---- Columns ----

// A column is a number that holds throughout, or the base64 of doubles (docs/formats/report.md).
function decodeColumn(column, count) {
    if (column === null)
        return null;
    if (typeof column === "number")
        return new Float64Array(count).fill(column);
    const text = atob(column), view = new DataView(new ArrayBuffer(text.length));
    for (let i = 0; i < text.length; i++)
        view.setUint8(i, text.charCodeAt(i));
    return Float64Array.from({ length: count }, (_, i) => view.getFloat64(8 * i, true));
}

const columnNames = ["generation", "n", "seeds", "median", "low", "high", "mean", "standard_error", "measured", "expected"];

// The curve with its columns as arrays; decoded once, when it is first looked at.
function decoded(curve) {
    if (curve.decoded)
        return curve;
    for (const name of columnNames)
        if (name in curve)
            curve[name] = decodeColumn(curve[name], curve.count);
    if (typeof curve.by_seed === "string")
        curve.by_seed = decodeColumn(curve.by_seed, atob(curve.by_seed).length / 8);
    else if (typeof curve.by_seed === "number")
        curve.by_seed = null; // all seeds are alike: the median is each of them
    curve.floor = real(curve.floor);
    curve.decoded = true;
    return curve;
}

// A number of JSON, which has none that are not finite.
function real(value) {
    return { "nan": NaN, "inf": Infinity, "-inf": -Infinity }[value] ?? value;
}

// [least, most] of numbers that are many: more than a call can have arguments.
function rangeOf(values) {
    return values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);
}

// ---- Numbers as text ----

const groups = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

function notFinite(value) {
    return Number.isNaN(value) ? "not a number" : value > 0 ? "infinity" : "minus infinity";
}

// Five digits or so; the exact number stands beside it in data-value.
function showReal(value, digits = 5) {
    if (!Number.isFinite(value))
        return notFinite(value);
    const size = Math.abs(value);
    if (size !== 0 && (size >= 1e7 || size < 1e-4))
        return value.toExponential(Math.min(digits, 3) - 1);
    if (size >= 1e4)
        return groups.format(value);
    return String(Number(value.toPrecision(digits)));
}

// As people call it: "4,339", "41 %", "0.0321".
function show(form, value, digits = 3) {
    if (!Number.isFinite(value))
        return notFinite(value);
    if (form === "count")
        return groups.format(value);
    if (form === "percent")
        return showReal(100 * value, Math.abs(value) < 0.1 ? 2 : digits) + " %";
    return showReal(value, digits + 1);
}

// ---- Elements ----

// make("td", {class: "number"}, "text", element, ...): texts are never read as HTML.
function make(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes ?? {}))
        if (value !== null && value !== undefined && value !== false)
            element.setAttribute(name, value === true ? "" : value);
    element.append(...children.filter((child) => child !== null));
    return element;
}

function numberCell(value, text, ...more) {
    return make("td", { class: "number", "data-value": String(value) }, text ?? showReal(value), ...more);
}

function numberHead(text, ...more) {
    return make("th", { scope: "col", class: "number" }, text, ...more);
}

// A table that scrolls by itself where the page is too narrow for it, by keyboard too. Its first columns, `keys` of
// them, say what a row is of.
function wideTable(caption, head, rows, { classes = "wide", keys = 1 } = {}) {
    const table = make("table", null, make("caption", null, make("span", null, caption)),
        make("thead", null, make("tr", null, ...head.map((cell) =>
            cell instanceof Element ? cell : make("th", { scope: "col" }, cell)))),
        make("tbody", null, ...rows));
    return make("div", { class: classes, "data-keys": keys, tabindex: "0", role: "region", "aria-label": caption }, table);
}

// A drop-down with a label: choices are [value, text].
function labelledSelect(label, choices, chosen, onChange) {
    const select = make("select", null, ...choices.map(([value, text]) =>
        make("option", { value, selected: String(value) === String(chosen) }, text)));
    select.addEventListener("change", () => onChange(select.value));
    return make("label", null, label, select);
}

function labelledCheck(label, checked, onChange, ...before) {
    const box = make("input", { type: "checkbox", checked });
    box.addEventListener("change", () => onChange(box.checked));
    return make("label", null, box, ...before, label);
}
