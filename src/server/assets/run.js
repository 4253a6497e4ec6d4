import {ask, at, duration, listen, make, number, right, saveAs, showError, stateOf, table, time, whole} from "/assets/page.js";

const id = location.pathname.split("/")[2];
const path = `/api/runs/${id}`;
let logged = 0;
let shown = null; // the state for which results were loaded

// ---- state ----

function figure(name, value) {
  return make("div", {}, make("dt", {}, name), make("dd", {}, value));
}

function showProgress(progress) {
  at("going").hidden = !progress;
  if (!progress) return;
  at("bar").value = progress.share;
  const left = progress.seconds_left >= 0 ? duration(progress.seconds_left) : "…";
  at("figures").replaceChildren(
    figure("Done", `${(100 * progress.share).toFixed(1)} %`), figure("Left", left),
    figure("Chains finished", `${whole(progress.chains_done)} of ${whole(progress.chains)}`),
    figure("Just done", progress.arm ? `${progress.arm}, generation ${whole(progress.generation)}` : "–"),
    figure("Items a second", number(progress.rate)), figure("Since its start", duration(progress.elapsed)));
}

function detailOf(state) {
  const {progress} = state;
  if (state.state !== "running") return state.finished ? `since ${time(state.finished)} (UTC)` : "";
  if (!progress) return "it is starting";
  if (progress.process === "gone") return "the same command goes on where it was";
  return progress.process === "elsewhere" ? "on another machine" : "";
}

function showState(state) {
  if (state.error) {
    showError(state.error);
    return;
  }
  showError(null);
  const {name, kind} = stateOf(state.state, state.progress);
  at("state").textContent = name;
  at("state").className = `state ${kind}`;
  at("detail").textContent = detailOf(state);
  showProgress(state.progress);
  const stoppable = control && kind === "running" && state.progress && state.progress.process === "there" &&
    state.progress.stops;
  at("stop").hidden = !stoppable;
  if (!stoppable) at("stop").disabled = false;
  if (state.log_size !== logged) showLog();
  if (state.results && shown !== state.finished) {
    shown = state.finished;
    showResults();
  }
}

at("stop").addEventListener("click", async () => {
  if (!confirm("Stop the run? It saves what it has, and the same command goes on later.")) return;
  at("stop").disabled = true;
  try {
    await ask(`${path}/stop`, {method: "POST", headers: {"X-Wellspring": "1"}});
    at("detail").textContent = "it is saving";
  } catch (error) {
    at("stop").disabled = false;
    showError(error);
  }
});

// ---- log ----

async function showLog() {
  try {
    const log = at("log");
    const tail = await ask(`${path}/log?from=${logged}`);
    const atEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 4;
    if (tail.from === logged && logged > 0) log.append(tail.text);
    else log.textContent = tail.text;
    logged = tail.next;
    if (atEnd) log.scrollTop = log.scrollHeight;
  } catch (error) {
    showError(error);
  }
}

// ---- results ----

function resultRows(curves) {
  return curves.map((curve) => {
    const first = curve.points[0];
    const last = curve.points[curve.points.length - 1];
    const range = last.seeds > 1 ? `${number(last.low)} … ${number(last.high)}` : "–";
    return [curve.arm, right(number(first.median), first.median), right(number(last.median), last.median), right(range),
      right(whole(last.seeds)), right(whole(last.n)), right(whole(last.generation))];
  });
}

function figurePath(format) {
  return `/api/figure?run=${id}&kind=${at("kind").value}&metric=${encodeURIComponent(at("metric").value)}&format=${format}`;
}

// Of some kinds there is one figure, whatever the metric is.
function showFigure() {
  const kind = at("kind").selectedOptions[0];
  at("undrawn").hidden = true;
  at("figure").src = figurePath("svg");
  at("figure").alt = kind.value === "metric"
    ? `${at("metric").value} by generation, a line for each arm; the table below has the numbers`
    : `${kind.title}; the report has the numbers`;
  for (const format of ["svg", "pdf", "png", "tex"]) at(`figure-${format}`).href = `${figurePath(format)}&download=1`;
}

async function showMetric() {
  try {
    const {curves} = await ask(`${path}/summary?metric=${encodeURIComponent(at("metric").value)}`);
    showFigure();
    at("table").replaceChildren(table(null,
      ["Arm", right("Generation 0"), right("Last"), right("10 % … 90 % of seeds"), right("Seeds"), right("n"),
        right("Generation")], resultRows(curves)));
  } catch (error) {
    showError(error);
  }
}

// As a shell takes it.
const quoted = (word) => /^[\w./:=,+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

function showKinds({figures, replayed, directory}) {
  const chosen = at("kind").value;
  at("kind").replaceChildren(...figures.map(({kind, meaning}) => make("option", {title: meaning, value: kind}, kind)));
  if (figures.some(({kind}) => kind === chosen)) at("kind").value = chosen;
  at("replayed").hidden = replayed.length === 0;
  at("replayed").querySelector("pre").textContent = replayed.map(({kind, meaning}) =>
    `# ${meaning}\nwellspring plot ${quoted(directory)} --kind ${kind} -o ${kind}.svg`).join("\n");
}

async function showResults() {
  try {
    const summary = await ask(`${path}/summary`);
    const {metrics, headline} = summary;
    const chosen = at("metric").value || headline || metrics[0];
    at("metric").replaceChildren(...metrics.map((name) => make("option", {}, name)));
    if (metrics.includes(chosen)) at("metric").value = chosen;
    showKinds(summary);
    at("results").hidden = false;
    await showMetric();
  } catch (error) {
    showError(error);
  }
}

at("kind").addEventListener("change", showFigure);
at("metric").addEventListener("change", showMetric);
at("choice").addEventListener("submit", (event) => event.preventDefault());

// ---- downloads ----

// Headers are bytes, which a browser gives as one character each; names of files may be any bytes.
const textOf = (bytes) => new TextDecoder().decode(Uint8Array.from(bytes, (c) => c.charCodeAt(0)));
const nameOf = (escaped) => textOf(escaped.replace(/%(..)/g, (_, hex) => String.fromCharCode(parseInt(hex, 16))));

// Where damaged records were left out, the server says so beside the file.
async function saveExport(link) {
  showError(null);
  at("saving").textContent = "Gathering …";
  try {
    const response = await fetch(link.href);
    if (!response.ok) throw new Error((await response.json()).error);
    const warning = response.headers.get("X-Wellspring-Warning");
    saveAs(await response.blob(), nameOf(response.headers.get("Content-Disposition").split("''")[1]));
    if (warning) showError(`The file is not complete: the server ${textOf(warning)}`);
  } catch (error) {
    showError(error);
  } finally {
    at("saving").textContent = "";
  }
}

// ---- the page ----

for (const link of document.querySelectorAll("[data-of-run]")) {
  link.href = path + link.dataset.ofRun;
  link.addEventListener("click", (event) => {
    event.preventDefault();
    void saveExport(link);
  });
}
at("report").href = `/api/report?run=${id}`;
// Why there is no picture is told by who was asked for it.
at("figure").addEventListener("error", async () => {
  at("figure").hidden = true;
  at("undrawn").hidden = false;
  at("undrawn").textContent = await ask(figurePath("svg")).then(() => "", (error) => `No figure: ${error.message}`);
});
at("figure").addEventListener("load", () => {
  at("figure").hidden = false;
});

let control = false;
try {
  const run = await ask(path);
  control = run.control;
  document.title = `${run.directory} · Wellspring`;
  at("name").textContent = run.directory;
  at("about").textContent = [run.title, run.family, `${whole(run.arms.length)} arms × ${whole(run.seeds)} seeds × ` +
    `${whole(run.generations)} generations`, `begun ${time(run.started)} (UTC)`].filter(Boolean).join(" · ");
  const settings = Object.entries({...run.settings, ...run.inputs, compute_class: run.compute_class});
  at("settings").replaceChildren(table(null, ["Setting", "Value"], settings.map(([key, value]) => [key, value || "–"])));
  showState(run);
  listen(`${path}/events`, showState);
} catch (error) {
  showError(error);
}
