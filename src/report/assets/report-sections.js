// The sections of the page, in their order, and what starts it.
"use strict";

// What `build` makes of each run: folded where there are many, in a box that scrolls.
function eachRun(runs, title, build) {
    if (!many)
        return runs.flatMap(build);
    return [make("div", { class: "folds", tabindex: "0", role: "region", "aria-label": title }, ...runs.map((run) =>
        make("details", null, make("summary", null, `${run.name} (${run.directory})`), ...build(run))))];
}

// ---- Results: first generation against last ----

function resultCell(run, arm, headline) {
    const found = run.curves.find((c) => c.arm === arm && c.metric === headline.metric);
    if (!found)
        return make("td", { class: "number" }, "–");
    const curve = decoded(found), last = curve.count - 1;
    const range = curve.seeds[last] > 1
        ? `${show(headline.form, curve.low[last])} … ${show(headline.form, curve.high[last])}` : "1 seed";
    return make("td", { class: "number", "data-value": String(curve.median[last]), "data-metric": headline.metric },
        `${show(headline.form, curve.median[0])} → ${show(headline.form, curve.median[last])}`,
        make("small", null, `${range}; n ${groups.format(curve.n[last])}`));
}

function humanCell(run, arm) {
    const found = run.curves.find((c) => c.arm === arm && c.metric === "mix/human");
    if (!found)
        return make("td", { class: "number" }, "–");
    const curve = decoded(found);
    return numberCell(curve.median[curve.count - 1], show("percent", curve.median[curve.count - 1]));
}

function floorRow(run, headlines) {
    const cells = headlines.map((headline) => {
        const floors = run.curves.filter((c) => c.metric === headline.metric).map((c) => real(c.floor)).filter(Number.isFinite);
        return make("td", { class: "number" }, floors.length > 0 ? show(headline.form, floors[0]) : "");
    });
    return cells.every((cell) => cell.textContent === "") ? []
        : [make("tr", null, make("th", { scope: "row" }, several ? `${nameOf(run)}: another human sample` : "another human sample"), ...cells, make("td"))];
}

function rowsOf(run, headlines) {
    return [...run.arms.map((arm, a) => make("tr", { "data-arm": arm.name },
        make("th", { scope: "row" }, (several ? `${nameOf(run)}: ` : "") + arm.name + (arm.outgrows_control ? " *" : "")),
        ...headlines.map((headline) => resultCell(run, a, headline)), humanCell(run, a))), ...floorRow(run, headlines)];
}

// Runs that are told by the same metrics.
function resultsTable(runs) {
    const headlines = runs[0].headlines.slice(0, 5);
    const head = ["policy", ...headlines.map((h) => numberHead(h.title, make("small", null, h.detail))),
        numberHead("human data", make("small", null, "in the last training set"))];
    const seeds = runs.every((run) => run.seeds === 1) ? "1 seed, so no range is known"
        : "medians over seeds, below them 10 % to 90 % of seeds at the last";
    const caption = `${runs.map(nameOf).slice(0, 4).join(", ")}${runs.length > 4 ? ", …" : ""}: first → last generation, ${seeds}, and the sample size n`
        + (runs.some((run) => run.arms.some((arm) => arm.outgrows_control)) ? ". * trains on more items than the control" : "");
    return wideTable(caption, head, runs.flatMap((run) => rowsOf(run, headlines)));
}

function resultsSection() {
    const alike = new Map();
    for (const run of report.runs) {
        const key = JSON.stringify(run.headlines);
        alike.set(key, [...(alike.get(key) ?? []), run]);
    }
    return { content: [...alike.values()].map(resultsTable) };
}

// ---- Texts ----

function textsSection() {
    const writers = [];
    for (const run of report.runs)
        run.arms.forEach((arm, a) => {
            const texts = run.texts.filter((text) => text.arm === a);
            if (texts.length > 0)
                writers.push({ name: several ? `${nameOf(run)}: ${arm.name}` : arm.name, texts, isControl: arm.policy === "control" });
        });
    if (writers.length === 0)
        return null;
    const state = { above: 0, below: Math.max(writers.findIndex((w) => w.isControl), writers.length > 1 ? 1 : 0), item: 0 };
    const items = [...new Set(writers.flatMap((w) => w.texts.map((text) => text.item)))].sort((a, b) => a - b);
    const place = make("div");
    const strip = (writer) => [make("h3", null, writer.name),
        make("div", { class: "texts", tabindex: "0", role: "region", "aria-label": `Texts of ${writer.name} by generation` },
            ...writer.texts.filter((text) => text.item === items[state.item]).map((text) =>
                make("article", null, make("h4", null, `generation ${text.generation}`),
                    make("p", { tabindex: "0", role: "region", "aria-label": `${writer.name}, generation ${text.generation}` }, text.text))))];
    const fill = () => place.replaceChildren(
        ...[...new Set([state.above, state.below])].flatMap((w) => strip(writers[w])));
    const choose = (name) => (value) => {
        state[name] = Number(value);
        fill();
    };
    const names = writers.map((writer, i) => [i, writer.name]);
    const damaged = report.runs.reduce((sum, run) => sum + run.damaged_texts, 0);
    fill();
    return {
        content: [
            make("p", null, "The beginning of what models wrote when they were measured, generation by generation, of seed 1."
                + (damaged > 0 ? ` ${damaged} damaged lines were left out.` : "")),
            make("div", { class: "controls" },
                labelledSelect("Policy", names, state.above, choose("above")),
                labelledSelect("beside", names, state.below, choose("below")),
                labelledSelect("Text", items.map((item, i) => [i, `number ${item + 1}`]), 0, choose("item"))),
            place],
    };
}

// ---- Profile ----

const verdictSigns = { "shown": "●", "not shown": "○", "too few": "?", "not measured": "–" };

function verdictCell(verdict) {
    const words = verdict.verdict === "too few" ? "too few seeds" : verdict.verdict;
    const since = "since" in verdict ? ` since generation ${verdict.since}` : "";
    const name = verdict.verdict === "shown" ? "shown" : null;
    const cell = make("td", { class: "verdict" },
        make("span", { class: name }, `${verdictSigns[verdict.verdict] ?? ""} ${words}${since}`));
    if (verdict.metric)
        cell.append(make("small", null, `${verdict.metric} ${showReal(real(verdict.first), 3)} → ${showReal(real(verdict.last), 3)}`),
            make("small", null, verdict.seeds === 0 ? "0 seeds"
                : `${showReal(real(verdict.bad), 3)} (${showReal(real(verdict.low), 3)} … ${showReal(real(verdict.high), 3)}), ${verdict.seeds} seeds`));
    return cell;
}

function profileTable(run) {
    const { definitions, verdicts, stages, first, last } = run.profile;
    const rows = definitions.map(([name, test], d) => make("tr", null,
        make("th", { scope: "row" }, `${d + 1}. ${name}`, make("small", null, test)),
        ...verdicts.filter((verdict) => verdict.definition === d).map(verdictCell)));
    rows.push(make("tr", null, make("th", { scope: "row" }, "stage", make("small", null, "by definitions 1, 5 and 7")),
        ...stages.map((stage) => make("td", null, stage))));
    return wideTable(`${nameOf(run)}: generation ${first} → ${last}; medians, then what the test looks at with its interval of 95 % over seeds`,
        ["definition", ...run.arms.map((arm) => arm.name)], rows);
}

function profileSection() {
    const runs = report.runs.filter((run) => run.profile);
    if (runs.length === 0)
        return null;
    return {
        content: [make("p", null, "“Collapse” has eight published definitions, and a run may collapse by one and not by another. "
            + "A definition is shown where the interval of what its test looks at lies above 0; that takes 6 seeds. "
            + "Of so many tests one in forty is shown by chance where nothing changes."), ...eachRun(runs, "Profiles", (run) => [profileTable(run)])],
    };
}

// ---- Theory ----

function theoryRow(run, theory) {
    const form = decoded(theory), last = form.count - 1;
    return make("tr", null, make("th", { scope: "row" }, several ? `${nameOf(run)}: ${run.arms[form.arm].name}` : run.arms[form.arm].name),
        make("td", null, form.metric), make("td", null, form.form), numberCell(form.generation[last]),
        numberCell(form.measured[last], showReal(form.measured[last], 4) + (form.of_median ? ", median"
            : Number.isFinite(form.standard_error[last]) ? ` ± ${showReal(form.standard_error[last], 2)}` : "")),
        numberCell(form.expected[last], showReal(form.expected[last], 4)), make("td", null, form.verdict),
        make("td", { class: "number" }, `${form.agree} of ${form.count}`), make("td", { class: "number" }, String(form.differ)));
}

function theorySection() {
    const rows = report.runs.flatMap((run) => run.theory.map((theory) => theoryRow(run, theory)));
    if (rows.length === 0)
        return null;
    return {
        content: [make("p", null, "Closed forms, bounds and limits that are known for curves of these runs, beside what was measured at the last generation: "
            + "the mean over seeds and its standard error, or the median. Generations that neither agree nor differ have too few seeds to tell, or are not yet at a limit."),
        wideTable("Theory beside measurement", ["policy", "metric", "form", ...["generation", "measured", "expected"].map((name) => numberHead(name)),
            "there", numberHead("generations that agree"), numberHead("that differ")], rows, { keys: 3 })],
    };
}

// ---- Attribution ----

function shareCell([value, low, high]) {
    const [v, l, h] = [value, low, high].map(real);
    return numberCell(v, showReal(v, 3), make("small", null, Number.isFinite(l) ? `${showReal(l, 3)} … ${showReal(h, 3)}` : "no interval: too few seeds"));
}

// Of each metric and arm the last generation, metric by metric.
function lastRows(rows) {
    const last = new Map();
    for (const row of rows)
        last.set(JSON.stringify([row.metric, row.arm]), row);
    return [...last.values()].sort((a, b) => a.metric < b.metric ? -1 : Number(a.metric > b.metric));
}

function attributionSection() {
    const run = report.runs.find((one) => one.attribution);
    if (!run)
        return null;
    const { names, how, rows } = run.attribution;
    return {
        content: [make("p", null, "How much of what changed, against runs without any of the three errors, each error made (Shapley shares, bootstrap intervals of 95 % over seeds)."),
            make("ul", null, ...names.map((name, e) => make("li", null, `${name}: ${how[e]}`))),
            wideTable("Shares of three errors", ["metric", "policy", ...["generation", "seeds", "change", ...names].map((name) => numberHead(name))],
                lastRows(rows).map((row) => make("tr", null, make("th", { scope: "row" }, row.metric), make("td", null, row.arm),
                    numberCell(row.generation), numberCell(row.seeds), shareCell(row.total), ...row.shares.map(shareCell))), { keys: 2 })],
    };
}

// ---- What is not here, and the commands that bring it ----

function quoted(word) {
    return /^[\w./:=,+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function commands(...lines) {
    return make("pre", { tabindex: "0" }, lines.join("\n"));
}

function furtherSection() {
    const run = report.runs[0], directory = quoted(run.directory), parts = quoted(`${run.directory}-parts`);
    const attribution = report.runs.some((one) => one.attribution) ? [] : [
        make("h3", null, "Attribution"),
        make("p", null, "Which of three errors lost how much takes runs without each of them. They can be made where the true distribution is known and the family can switch its errors off:"),
        commands(`wellspring attribute ${directory} --runs ${parts} -q`, `wellspring report ${directory} --attribution ${parts}`)];
    return {
        content: [
            several ? make("p", { class: "note" }, `Of the first run, ${run.name}; of the others likewise.`) : null,
            ...attribution,
            make("h3", null, "Forecast"),
            make("p", null, "These are measurements, and none is drawn out beyond the last generation. What further generations lose is measured by running them; "
                + "those that are there are not run again. With the file below:"),
            commands(`wellspring run ${quoted(`${run.name}.yaml`)} -o ${directory} --set generations=${2 * run.generations}`,
                `wellspring report ${directory}`),
        ].filter(Boolean),
    };
}

// ---- Settings, and how to run it again ----

function pairsTable(caption, pairs) {
    return wideTable(caption, ["name", "value"], pairs.map(([name, value]) =>
        make("tr", null, make("th", { scope: "row" }, name), make("td", null, value))));
}

function aboutRun(run) {
    const file = `${run.name}.yaml`;
    const made = [["run", run.name], ["directory", run.directory], ["state", run.state], ["begun", run.started], ["ended", run.finished],
        ["version of Wellspring", run.version], ["compute class", run.compute_class],
        ...run.inputs.filter(([, hash]) => hash !== "")];
    return [
        several && !many ? make("h3", null, `${run.name} (${run.directory})`) : null,
        pairsTable("What made the numbers", made),
        make(several && !many ? "h4" : "h3", null, "How to run it again"),
        make("p", null, `With this as ${file}, in a directory where the files that it names are found:`),
        make("pre", { tabindex: "0", class: "experiment" }, run.experiment),
        commands(`wellspring run ${quoted(file)} -o runs/again`,
            `wellspring report ${quoted(run.directory)} runs/again -o both.html`,
            `wellspring export ${quoted(run.directory)} --summary -o results.csv`),
        make("p", { class: "note" }, "The same settings and seeds give the same numbers to the last bit on the same compute class."),
    ].filter(Boolean);
}

function aboutSection() {
    return { content: eachRun(report.runs, "Settings of each run", aboutRun) };
}

// ---- Paper: a table that is wider than the page is cut into several ----

const paperWidth = 660; // CSS pixels between the margins of an upright page of A4 or Letter

// The width that each column takes at least, in the letters of paper.
function widthsOnPaper(table) {
    const probe = make("div", { class: "on-paper probe" }, table.cloneNode(true));
    document.body.append(probe);
    const widths = Array.from(probe.querySelectorAll("thead th"), (cell) => cell.getBoundingClientRect().width);
    probe.remove();
    return widths;
}

const sumOf = (values) => values.reduce((sum, value) => sum + value, 0);

// Columns of each part, without the keys, which all parts have.
function partsOf(widths, keys) {
    const parts = [];
    let left = 0;
    for (let column = keys; column < widths.length; column++) {
        if (parts.length === 0 || widths[column] > left) {
            parts.push([]);
            left = paperWidth - sumOf(widths.slice(0, keys));
        }
        parts.at(-1).push(column);
        left -= widths[column];
    }
    return parts;
}

function partOf(table, keys, columns) {
    const part = table.cloneNode(true);
    for (const row of part.rows)
        [...row.cells].forEach((cell, column) => {
            if (column >= keys && !columns.includes(column))
                cell.remove();
        });
    const count = table.rows[0].cells.length;
    part.caption.firstChild.append(` (columns ${columns[0] + 1} to ${columns.at(-1) + 1} of ${count})`);
    return part;
}

function cutForPaper(wide) {
    const table = wide.querySelector("table"), widths = widthsOnPaper(table), keys = Number(wide.dataset.keys);
    if (sumOf(widths) <= paperWidth)
        return;
    // What has no room by itself is broken between letters.
    const parts = partsOf(widths, keys), isTight = parts.some((columns) =>
        sumOf(widths.slice(0, keys)) + sumOf(columns.map((column) => widths[column])) > paperWidth);
    wide.classList.add("cut");
    wide.after(make("div", { class: isTight ? "on-paper parts tight" : "on-paper parts" },
        ...(parts.length > 1 ? parts.map((columns) => partOf(table, keys, columns)) : [table.cloneNode(true)])));
}

// Paper cannot be unfolded. CSS that shows what is folded is too new for browsers in use, so the script does it.
const unfolded = [];

window.addEventListener("beforeprint", () => {
    for (const fold of document.querySelectorAll("details:not([open], .on-screen, footer *)")) {
        fold.open = true;
        unfolded.push(fold);
    }
    for (const wide of document.querySelectorAll(".wide:not(.cut)"))
        if (wide.getClientRects().length > 0)
            cutForPaper(wide);
});
window.addEventListener("afterprint", () => {
    document.querySelectorAll(".parts").forEach((parts) => parts.remove());
    document.querySelectorAll(".cut").forEach((wide) => wide.classList.remove("cut"));
    unfolded.splice(0).forEach((fold) => { fold.open = false; });
});

// ---- The page ----

const sections = [
    ["results", "Results", resultsSection],
    ["charts", "Charts", chartsSection],
    ["texts", "Texts", textsSection],
    ["profile", "Profile of collapse", profileSection],
    ["theory", "Theory", theorySection],
    ["attribution", "Attribution", attributionSection],
    ["further", "To go further", furtherSection],
    ["about", "Settings and how to run it again", aboutSection],
];

function setTheme(theme) {
    document.documentElement.dataset.theme = theme;
    document.getElementById("theme").textContent = theme === "dark" ? "Light colours" : "Dark colours";
}

function addSkipped() {
    if (report.skipped.length === 0)
        return;
    document.getElementById("summary").append(
        make("p", null, `${report.skipped.length} of ${report.skipped.length + report.runs.length} runs could not be read and are left out:`),
        make("ul", null, ...report.skipped.map(([directory, why]) => make("li", null, `${directory}: ${why}`))));
}

// No line ends between a number and its sign, nor within "n = 5".
function keepTogether() {
    for (const words of document.querySelectorAll("#summary p"))
        words.textContent = words.textContent.replace(/ (?=[%=])|(?<==) /g, "\u00a0");
}

function start() {
    const preferred = window.matchMedia("(prefers-color-scheme: dark)");
    setTheme(preferred.matches ? "dark" : "light");
    preferred.addEventListener("change", () => { setTheme(preferred.matches ? "dark" : "light"); drawAll(); });
    document.getElementById("theme").addEventListener("click", () => { setTheme(isDark() ? "light" : "dark"); drawAll(); });
    const first = report.runs[0];
    document.getElementById("subtitle").textContent = several
        ? `${report.runs.length} runs, made by Wellspring ${report.version}`
        : `${first.name}, ${first.state} ${first.finished}; made by Wellspring ${report.version}`;
    keepTogether();
    addSkipped();
    const main = document.querySelector("main"), nav = document.getElementById("sections");
    nav.append(make("a", { href: "#summary" }, "Summary"));
    const late = [];
    for (const [id, title, build] of sections) {
        const section = build();
        if (!section)
            continue;
        main.append(make("section", { id, "aria-labelledby": `${id}-title` }, make("h2", { id: `${id}-title` }, title), ...section.content));
        nav.append(make("a", { href: `#${id}` }, title));
        if (section.fill)
            late.push(section.fill);
    }
    // Charts want the sizes of what is laid out; the words can be read meanwhile.
    requestAnimationFrame(() => setTimeout(() => {
        late.forEach((fill) => fill());
        document.documentElement.dataset.ready = "true";
    }));
}

start();
