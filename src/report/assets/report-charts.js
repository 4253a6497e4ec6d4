// Charts of curves over generations, drawn by Chart.js.
//
// Curves share an axis only where their definition, sample size and tokens are the same: each group
// of them gets a chart of its own. All charts show the same policies, bands and generations.
"use strict";

// ---- Looks: Okabe and Ito's colours, lines and signs that do without colour ----

const looks = {
    light: ["#0072b2", "#d55e00", "#007a5a", "#b4508a", "#a86f00", "#2f8fc4"],
    dark: ["#56b4e9", "#f0843c", "#2ccb9b", "#e79cc4", "#f0c33c", "#9fd3f5"],
    dashes: [[], [8, 3], [2, 2], [8, 3, 2, 3], [5, 2], [12, 3]],
    points: ["circle", "rect", "triangle", "rectRot", "star", "crossRot"],
};

function isDark() {
    return document.documentElement.dataset.theme === "dark";
}

function colourOf(series) {
    return series.isControl ? (isDark() ? "#e8eaee" : "#1a1c20")
        : looks[isDark() ? "dark" : "light"][series.look % 6];
}

// Beyond six a colour comes again with another line.
function otherOf(series) {
    return series.isControl ? series.look % 6 : (series.look + Math.floor(series.look / 6)) % 6;
}

// ---- What is shown ----

const shownAtFirst = 10;

// One arm of one run.
const allSeries = [];
report.runs.forEach((run, r) => {
    run.arms.forEach((arm, a) => {
        const isControl = arm.policy === "control";
        allSeries.push({
            run: r, arm: a, isControl, look: allSeries.filter((s) => s.isControl === isControl).length,
            name: report.runs.length > 1 ? `${nameOf(run)}: ${arm.name}` : arm.name,
            isShown: allSeries.length < shownAtFirst,
        });
    });
});

const view = { bands: true, seeds: new Set(), log: false, from: 0, to: Infinity }; // seeds: those with lines of their own
const drawings = new Set(); // functions that draw a chart anew

function drawAll() {
    for (const draw of drawings)
        draw();
}

function curveOf(series, metric) {
    const curve = report.runs[series.run].curves.find((c) => c.arm === series.arm && c.metric === metric);
    return curve ? decoded(curve) : null;
}

function headlineOf(metric) {
    for (const run of report.runs)
        for (const headline of run.headlines)
            if (headline.metric === metric)
                return headline;
    return null;
}

function titleOf(metric) {
    const headline = headlineOf(metric);
    return headline ? `${headline.title}, ${headline.detail}` : metric;
}

// Shares of items, whatever these are cut into.
function countsItems(metric) {
    return /^(mix|filter)\//.test(metric);
}

function formOf(metric) {
    return headlineOf(metric)?.form ?? (countsItems(metric) ? "percent" : "real");
}

function sizesOf(curve) {
    const [low, high] = rangeOf(curve.n);
    return low === high ? groups.format(low) : `${groups.format(low)} to ${groups.format(high)}`;
}

// Curves of a metric that may share an axis: [{definition, n, members: [{series, curve}]}].
function groupsOf(metric) {
    const found = new Map();
    for (const series of allSeries) {
        const curve = curveOf(series, metric);
        if (!curve)
            continue;
        const tokens = countsItems(metric) ? "" : report.runs[series.run].tokens;
        const key = JSON.stringify([curve.definition, sizesOf(curve), tokens]);
        if (!found.has(key))
            found.set(key, { definition: curve.definition, n: sizesOf(curve), members: [] });
        found.get(key).members.push({ series, curve });
    }
    return [...found.values()];
}

// ---- One chart ----

function point(x, y) {
    return { x, y: Number.isFinite(y) && (!view.log || y > 0) ? y : null };
}

function linePoints(curve, values, offset = 0) {
    return Array.from(curve.generation, (x, i) => point(x, values[offset + i]));
}

function bandDatasets({ series, curve }) {
    const edge = { pointRadius: 0, borderWidth: 0, isEdge: true };
    return [
        { ...edge, data: linePoints(curve, curve.low), fill: false },
        { ...edge, data: linePoints(curve, curve.high), fill: "-1", backgroundColor: colourOf(series) + "2e" },
    ];
}

function seedDatasets({ series, curve }) {
    const count = curve.by_seed ? curve.by_seed.length / curve.count : 0;
    return [...view.seeds].filter((seed) => seed <= count).map((seed) => ({
        data: linePoints(curve, curve.by_seed, (seed - 1) * curve.count), isEdge: true, fill: false,
        pointRadius: 0, borderWidth: 1, borderColor: colourOf(series) + "80",
    }));
}

function medianDataset({ series, curve }) {
    const colour = colourOf(series), other = otherOf(series);
    return {
        label: series.name, data: linePoints(curve, curve.median), curve, fill: false,
        borderColor: colour, backgroundColor: colour, borderWidth: series.isControl ? 2.5 : 2,
        borderDash: looks.dashes[other], pointStyle: looks.points[other],
        pointRadius: curve.count > 30 ? 0 : 3, pointHoverRadius: 5,
    };
}

// A band of one seed would be a line that looks like certainty.
function datasetsOf(members) {
    return members.flatMap((member) => [
        ...(view.bands && rangeOf(member.curve.seeds)[1] > 1 ? bandDatasets(member) : []),
        ...seedDatasets(member),
        medianDataset(member),
    ]);
}

function tooltipLine(item, form) {
    const curve = item.dataset.curve, i = item.dataIndex;
    const range = curve.seeds[i] > 1
        ? `${show(form, curve.low[i])} … ${show(form, curve.high[i])}, ${curve.seeds[i]} seeds` : "1 seed";
    return `${item.dataset.label}: ${show(form, curve.median[i])} (${range})`;
}

function axisColours() {
    const style = getComputedStyle(document.documentElement);
    return { grid: style.getPropertyValue("--line"), text: style.getPropertyValue("--quiet") };
}

// A logarithmic axis as long as its lines, not as their decades.
function fitLog(axis, datasets) {
    const [low, high] = rangeOf(datasets.flatMap((dataset) => dataset.data.map(({ y }) => y)).filter((y) => y !== null));
    if (low <= high)
        Object.assign(axis, { min: 0.95 * low, max: 1.05 * high });
}

function optionsOf(form, last, datasets) {
    const { grid, text } = axisColours();
    const axis = (title) => ({ title: { display: Boolean(title), text: title, color: text }, grid: { color: grid }, ticks: { color: text } });
    const y = axis("");
    y.type = view.log ? "logarithmic" : "linear";
    if (view.log)
        fitLog(y, datasets);
    y.ticks.maxTicksLimit = 7;
    y.ticks.callback = (value) => show(form, value);
    const x = axis("generation");
    x.type = "linear";
    x.ticks.precision = 0;
    x.ticks.maxRotation = 0;
    Object.assign(x, { min: view.from, max: Math.min(view.to, Math.max(last, view.from + 1)) });
    return {
        animation: false, parsing: false, normalized: true, maintainAspectRatio: false, responsive: true,
        interaction: { mode: "nearest", axis: "x", intersect: false },
        scales: { x, y },
        plugins: {
            legend: { display: false },
            tooltip: {
                filter: (item) => !item.dataset.isEdge,
                callbacks: {
                    title: (items) => items.length > 0 ? `generation ${items[0].parsed.x}` : "",
                    label: (item) => tooltipLine(item, form),
                },
            },
        },
    };
}

// Generations at which a line has no place, in words; "" where it has all.
function absentOf({ series, curve }) {
    const kinds = new Map();
    curve.median.forEach((value, i) => {
        const why = !Number.isFinite(value) ? notFinite(value)
            : view.log && value <= 0 ? "not above 0, so not on a log axis" : null;
        if (why)
            kinds.set(why, [...(kinds.get(why) ?? []), curve.generation[i]]);
    });
    return [...kinds].map(([why, at]) => at.length > 6
        ? `${series.name} is ${why} at ${at.length} generations, ${at[0]} the first.`
        : `${series.name} is ${why} at generation ${at.join(", ")}.`).join(" ");
}

function captionOf(metric, group, members) {
    const form = formOf(metric);
    const floor = members.map(({ curve }) => curve.floor).find((value) => Number.isFinite(value));
    const seeds = members.map(({ curve }) => rangeOf(curve.seeds)[1]);
    const parts = [`Medians over ${[...new Set(seeds)].sort((a, b) => a - b).join(" or ")} seeds; n = ${group.n}; definition ${group.definition}.`];
    if (floor !== undefined)
        parts.push(`Another human sample scores ${show(form, floor)}.`);
    return [...parts, ...members.map(absentOf).filter(Boolean)].join(" ");
}

function ariaOf(metric, members) {
    const form = formOf(metric);
    return `Line chart of ${titleOf(metric)} by generation. ` + members.map(({ series, curve }) =>
        `${series.name}: from ${show(form, curve.median[0])} to ${show(form, curve.median[curve.count - 1])}`)
        .join("; ") + ". The table below has every number.";
}

// Dragging over a chart zooms all charts to these generations.
function addZoom(plot, chart) {
    let start = null, mark = null;
    const place = (event) => event.clientX - plot.getBoundingClientRect().left;
    plot.addEventListener("pointerdown", (event) => {
        if (event.button !== 0 || event.pointerType === "touch")
            return;
        start = place(event);
        mark = make("div", { class: "dragged" });
        plot.append(mark);
        plot.setPointerCapture(event.pointerId);
    });
    plot.addEventListener("pointermove", (event) => {
        if (start === null)
            return;
        mark.style.left = `${Math.min(start, place(event))}px`;
        mark.style.width = `${Math.abs(place(event) - start)}px`;
    });
    const stop = (event) => {
        if (start === null)
            return;
        const [from, to] = [start, place(event)].sort((a, b) => a - b).map((x) => chart().scales.x.getValueForPixel(x));
        start = null;
        mark.remove();
        if (event.type === "pointerup" && to - from > 0.2)
            zoomTo(Math.max(0, Math.round(from)), Math.max(Math.round(from) + 1, Math.round(to)));
    };
    plot.addEventListener("pointerup", stop);
    plot.addEventListener("pointercancel", stop);
    plot.addEventListener("dblclick", () => zoomTo(0, Infinity));
}

function lastGeneration() {
    let last = 1;
    for (const run of report.runs)
        last = Math.max(last, run.generations - 1);
    return last;
}

// Set by the controls, which show it.
let zoomTo = () => {};

// The numbers of a chart as a table, made when it is first opened.
function tableOf(metric, members) {
    const names = ["median", "low", "high", "mean", "standard_error", "seeds", "n"];
    const rows = members.flatMap(({ series, curve }) => Array.from(curve.generation, (generation, i) =>
        make("tr", null, make("th", { scope: "row" }, series.name), numberCell(generation),
            ...names.map((name) => numberCell(curve[name][i])))));
    const heads = ["generation", "median", "10 %", "90 %", "mean", "standard error", "seeds", "n"];
    return wideTable(`${metric} by policy and generation`, ["policy", ...heads.map((name) => numberHead(name))], rows, { classes: "wide tall", keys: 2 });
}

function makeChart(metric, group) {
    const canvas = make("canvas", { role: "img" });
    const plot = make("div", { class: "plot" }, canvas);
    const caption = make("figcaption");
    const details = make("details", { class: "on-screen" }, make("summary", null, "Table of these numbers"));
    const figure = make("figure", { "data-metric": metric, "data-definition": group.definition }, plot, caption, details);
    let chart = null;
    const shown = () => group.members.filter(({ series }) => series.isShown);
    const fillTable = () => {
        details.querySelector(".wide")?.remove();
        if (details.open)
            details.append(tableOf(metric, shown()));
    };
    const draw = () => {
        const members = shown();
        figure.hidden = members.length === 0;
        caption.textContent = captionOf(metric, group, members);
        canvas.setAttribute("aria-label", ariaOf(metric, members));
        fillTable();
        const data = { datasets: datasetsOf(members) };
        const last = Math.max(...members.map(({ curve }) => curve.generation[curve.count - 1]));
        const options = optionsOf(formOf(metric), last, data.datasets);
        if (chart) {
            Object.assign(chart, { data, options });
            chart.update("none");
        } else {
            chart = new Chart(canvas, { type: "line", data, options });
        }
    };
    details.addEventListener("toggle", fillTable);
    addZoom(plot, () => chart);
    return { figure, draw, end: () => chart?.destroy() };
}

// ---- A card: one metric, a chart for each group of its curves ----

function metricsThereAre() {
    const names = new Set(report.runs.flatMap((run) => run.headlines.map((h) => h.metric)));
    for (const run of report.runs)
        for (const curve of run.curves)
            names.add(curve.metric);
    return [...names];
}

function makeCard(metric, metrics) {
    const place = make("div");
    let charts = [];
    const draw = () => charts.forEach((chart) => chart.draw());
    const fill = (chosen) => {
        charts.forEach((chart) => chart.end());
        charts = groupsOf(chosen).map((group) => makeChart(chosen, group));
        place.replaceChildren(...charts.map((chart) => chart.figure));
        draw();
    };
    const select = labelledSelect("Metric", metrics.map((name) => [name, titleOf(name)]), metric, fill);
    drawings.add(draw);
    return { card: make("div", { class: "card" }, make("div", { class: "metric" }, select), place), fill: () => fill(metric) };
}

// ---- Controls ----

function swatch(series) {
    const size = 26, ratio = 2;
    const canvas = make("canvas", { class: "swatch", width: size * ratio, height: 12 * ratio, "aria-hidden": "true" });
    canvas.style.width = `${size}px`;
    canvas.style.height = "12px";
    const draw = () => {
        const pen = canvas.getContext("2d");
        pen.setTransform(ratio, 0, 0, ratio, 0, 0);
        pen.clearRect(0, 0, size, 12);
        pen.strokeStyle = colourOf(series);
        pen.lineWidth = series.isControl ? 2.5 : 2;
        pen.setLineDash(looks.dashes[otherOf(series)]);
        pen.beginPath();
        pen.moveTo(0, 6);
        pen.lineTo(size, 6);
        pen.stroke();
    };
    drawings.add(draw);
    draw();
    return canvas;
}

function seriesControls() {
    const list = make("div", { class: "series" });
    for (const series of allSeries) {
        const label = labelledCheck(series.name, series.isShown, (checked) => {
            series.isShown = checked;
            drawAll();
        }, swatch(series));
        series.label = label;
        list.append(label);
    }
    const box = make("fieldset", null, make("legend", null, "Policies"), list);
    if (allSeries.length > shownAtFirst) {
        const search = make("input", { type: "search", "aria-label": "Show policies with this in their name" });
        search.addEventListener("input", () => {
            for (const series of allSeries)
                series.label.hidden = !series.name.includes(search.value);
        });
        box.append(make("label", { class: "on-screen" }, "Search ", search), make("span", { class: "note on-screen" },
            `${allSeries.length} arms; the first ${shownAtFirst} are drawn until you choose.`));
    }
    return box;
}

// All seeds of runs that have lines of them, or none; or one by one.
function seedControls() {
    const most = Math.max(0, ...report.runs.filter((run) => run.curves.some((curve) => curve.by_seed !== null)).map((run) => run.seeds));
    if (most === 0)
        return null;
    const seeds = Array.from({ length: most }, (_, s) => s + 1);
    const boxes = [];
    const toggle = (chosen, isShown) => {
        for (const seed of chosen)
            view.seeds[isShown ? "add" : "delete"](seed);
        boxes.forEach((box, s) => { box.checked = view.seeds.has(s + 1); });
        all.checked = view.seeds.size === most;
        drawAll();
    };
    const every = labelledCheck("Every seed", false, (checked) => toggle(seeds, checked)), all = every.querySelector("input");
    const list = make("div", { class: "series" }, every, ...seeds.map((seed) => {
        const label = labelledCheck(`Seed ${seed}`, false, (checked) => toggle([seed], checked));
        boxes.push(label.querySelector("input"));
        return label;
    }));
    return make("fieldset", { class: "on-screen" }, make("legend", null, "Lines of single seeds"), list);
}

function viewControls() {
    const number = (label, value) => make("input", { type: "number", min: 0, max: lastGeneration(), value, "aria-label": label });
    const from = number("First generation that is drawn", 0), to = number("Last generation that is drawn", lastGeneration());
    const reset = make("button", { type: "button" }, "Reset zoom");
    zoomTo = (first, last) => {
        Object.assign(view, { from: first, to: last });
        from.value = first;
        to.value = Math.min(last, lastGeneration());
        drawAll();
    };
    const typed = () => zoomTo(Math.max(0, Number(from.value)), Math.max(Number(from.value) + 1, Number(to.value)));
    from.addEventListener("change", typed);
    to.addEventListener("change", typed);
    reset.addEventListener("click", () => zoomTo(0, Infinity));
    const flag = (name, label) => labelledCheck(label, view[name], (checked) => {
        view[name] = checked;
        drawAll();
    });
    const hasBands = report.runs.some((run) => run.seeds > 1);
    return make("div", { class: "controls", role: "group", "aria-label": "How charts are drawn" },
        hasBands ? flag("bands", "Bands (10 % to 90 % of seeds)") : null,
        flag("log", "Log axis"),
        make("span", null, "Generations ", from, " to ", to), reset);
}

// The section of charts: headlines first, and one for any metric.
function chartsSection() {
    const metrics = metricsThereAre(), cards = make("div", { class: "cards" });
    const first = [...new Set(report.runs.flatMap((run) => run.headlines.slice(0, 4).map((h) => h.metric)))].slice(0, 6);
    const chosen = first.length > 0 ? first : metrics.slice(0, 2);
    const made = chosen.map((metric) => makeCard(metric, metrics));
    cards.append(...made.map((one) => one.card));
    return {
        content: [seriesControls(), seedControls(), viewControls(),
            make("p", { class: "note on-screen" }, "Point at a chart for its values; drag over it to zoom, double-click or reset to go back."), cards].filter(Boolean),
        fill: () => made.forEach((one) => one.fill()),
    };
}

// Paper is white and half of it as wide as a card: charts are drawn for that, and back again.
const paper = { width: 330, height: 235 };

window.addEventListener("beforeprint", () => {
    paper.theme = document.documentElement.dataset.theme;
    document.documentElement.dataset.theme = "light";
    drawAll();
    for (const chart of Object.values(Chart.instances))
        chart.resize(paper.width, paper.height);
});
window.addEventListener("afterprint", () => {
    document.documentElement.dataset.theme = paper.theme;
    drawAll();
    for (const chart of Object.values(Chart.instances))
        chart.resize();
});
