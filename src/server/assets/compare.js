import {ask, at, make, number, right, showError, table, whole} from "/assets/page.js";

// Names as they stand in the address: they may be no UTF-8, which only their escapes keep.
const ids = location.search.slice(1).split("&").filter((part) => part.startsWith("run=")).map((part) => part.slice(4));

function names(list) {
  at("runs").replaceChildren(...list.map((run, index) =>
    make("li", {}, make("a", {href: `/runs/${ids[index]}`}, run.directory.split("/").pop()), ` ${run.family}, ${run.state}`)));
  at("about").textContent = list.length === 1 ? "The arms of one run against its control" : `${list.length} runs`;
}

function showSettings(comparison) {
  const {settings} = comparison;
  at("difference").hidden = comparison.runs.length < 2;
  at("settings").replaceChildren(settings.length
    ? table(null, ["Setting", ...comparison.runs.map((_, index) => String(index + 1))],
      settings.map((setting) => [setting.name, ...setting.values.map((value) => value === null ? "–" : value || "''")]))
    : make("p", {}, "The runs have the same settings and inputs."));
}

function interval(value) {
  if (value.count <= 1) return number(value.median);
  return `${number(value.median)}  [${number(value.low)}, ${number(value.high)}]${value.level < 0.95 ? "*" : ""}`;
}

function difference(row) {
  const {difference: d} = row;
  if (!d) return "";
  if (d.not_comparable) return `not comparable: ${d.not_comparable}`;
  return interval(d) + (d.paired ? `, ${d.count} pairs` : "");
}

function showRows(rows) {
  at("metrics").replaceChildren(table(null,
    ["Metric", "Arm", right("Run"), right("Median"), right("Difference"), right("Seeds"), right("n")],
    rows.map((row) => [row.metric, row.arm, right(whole(row.run + 1)), right(interval(row.over_seeds), row.over_seeds.median),
      right(difference(row)), right(whole(row.values.length)), right(whole(row.n))])));
}

let rows = [];

const query = ids.map((id) => `run=${id}`).join("&");

function choose() {
  const chosen = at("metric").value;
  at("figure").hidden = !chosen;
  at("figure").alt = `${chosen} by generation, a line for each arm; the table has the numbers`;
  if (chosen) at("figure").src = `/api/figure?${query}&metric=${encodeURIComponent(chosen)}`;
  showRows(rows.filter((row) => !chosen || row.metric === chosen));
}

async function load() {
  const generation = at("generation").value;
  try {
    const comparison = await ask(`/api/compare?${query}${generation === "" ? "" : `&generation=${generation}`}`);
    showError(null);
    rows = comparison.rows;
    names(comparison.runs);
    showSettings(comparison);
    at("generation").placeholder = String(comparison.generation);
    const chosen = at("metric").value;
    const metrics = [...new Set(rows.map((row) => row.metric))];
    at("metric").replaceChildren(make("option", {value: ""}, "all"), ...metrics.map((name) => make("option", {}, name)));
    at("metric").value = metrics.includes(chosen) ? chosen : "";
    choose();
  } catch (error) {
    showError(error);
  }
}

at("report").href = `/api/report?${query}`;
at("figure").addEventListener("error", () => {
  at("figure").hidden = true; // the table says the same
});
at("choice").addEventListener("submit", (event) => event.preventDefault());
at("metric").addEventListener("change", choose);
at("generation").addEventListener("change", load);
await load();
