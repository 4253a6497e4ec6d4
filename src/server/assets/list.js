import {ask, at, listen, make, right, showError, stateElement, table, time, duration, whole} from "/assets/page.js";

const ROWS = 200;
const ticked = new Set();
const view = {sort: "started", reverse: true, most: ROWS, open: new Set()};
let version = null;
let asked = 0;

// The filters live in the address, so that a list can be linked to.
const FILTERS = ["search", "state", "group"];

function readAddress() {
  const query = new URLSearchParams(location.search);
  for (const name of FILTERS) if (query.has(name)) at(name).value = query.get(name);
}

function writeAddress() {
  const query = new URLSearchParams();
  for (const name of FILTERS)
    if (at(name).value && at(name).value !== "none") query.set(name, at(name).value);
  history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
}

function pathOf(more = {}) {
  const query = new URLSearchParams({
    search: at("search").value, state: at("state").value, sort: view.sort, most: view.most, ...more});
  if (view.reverse) query.set("reverse", "1");
  return `/api/runs?${query}`;
}

// ---- rows ----

function tickBox(run) {
  const box = make("input", {type: "checkbox", "aria-label": `Compare ${run.directory}`, value: run.id});
  box.checked = ticked.has(run.id);
  box.addEventListener("change", () => {
    if (box.checked) ticked.add(run.id);
    else ticked.delete(run.id);
    showTicked();
  });
  return box;
}

function showTicked() {
  const button = at("compare");
  button.disabled = ticked.size === 0;
  button.textContent = ticked.size ? `Compare ${ticked.size}` : "Compare";
}

function progressCell(progress) {
  if (!progress) return "";
  const left = progress.seconds_left >= 0 ? `${duration(progress.seconds_left)} left` : "";
  const share = `${Math.floor(100 * progress.share)} %`;
  return [make("progress", {max: 1, value: progress.share, "aria-label": "Done"}),
    make("small", {}, left ? `${share}, ${left}` : share)];
}

function rowOf(run) {
  const state = stateElement(run.state, run.progress);
  return [
    {cell: tickBox(run), attributes: {class: "tick"}},
    {cell: [make("a", {href: `/runs/${run.id}`}, run.directory),
      run.title ? make("small", {}, run.title) : null].filter(Boolean), attributes: {class: "name"}},
    {cell: [state, ...[progressCell(run.progress)].flat()], attributes: {"data-state": run.id}},
    run.family,
    run.policies.join(", "),
    right(whole(run.arms)), right(whole(run.seeds)), right(whole(run.generations)),
    {cell: time(run.started), attributes: {class: "number"}},
  ];
}

const COLUMNS = [["", null], ["Run", "directory"], ["State", "state"], ["Family", "family"], ["Policies", null],
  ["Arms", "arms"], ["Seeds", "seeds"], ["Gener.", "generations"], ["Started (UTC)", "started"]];

function headOf([title, key]) {
  if (!title) return {cell: make("span", {class: "hidden"}, "Compare"), attributes: {}};
  if (!key) return title;
  const button = make("button", {type: "button"}, title + (view.sort === key ? (view.reverse ? " ▼" : " ▲") : ""));
  button.addEventListener("click", () => {
    view.reverse = view.sort === key ? !view.reverse : false;
    view.sort = key;
    refresh();
  });
  const attributes = {class: ["arms", "seeds", "generations", "started"].includes(key) ? "number" : null};
  if (view.sort === key) attributes["aria-sort"] = view.reverse ? "descending" : "ascending";
  return {cell: button, attributes};
}

const tableOf = (runs) => make("div", {class: "scroll"}, table(null, COLUMNS.map(headOf), runs.map(rowOf)));

// ---- groups ----

function groupElement(group) {
  const words = `${whole(group.runs)} ${group.runs === 1 ? "run" : "runs"}` +
    (group.running ? `, ${whole(group.running)} running` : "");
  const body = make("div");
  const element = make("details", {class: "group"},
    make("summary", {}, make("strong", {}, group.name.replaceAll("\n", ", ") || "(none)"), ` ${words}`), body);
  const fill = async () => {
    try {
      const page = await ask(pathOf({group: at("group").value, in: group.name}));
      body.replaceChildren(tableOf(page.runs));
      if (page.matched > page.runs.length)
        body.append(make("p", {class: "quiet"}, `The first ${whole(page.runs.length)}; a search finds the others.`));
    } catch (error) {
      showError(error);
    }
  };
  element.addEventListener("toggle", () => {
    if (element.open) view.open.add(group.name);
    else view.open.delete(group.name);
    if (element.open) fill();
  });
  element.open = view.open.has(group.name);
  return element;
}

// ---- the page ----

function showDamaged(damaged, total) {
  const element = at("damaged");
  element.hidden = total === 0;
  element.querySelector("summary").textContent =
    `${total === 1 ? "One run" : `${whole(total)} runs`} cannot be read`;
  const others = total > damaged.length ? [make("li", {}, `and ${whole(total - damaged.length)} more`)] : [];
  element.querySelector("ul").replaceChildren(...damaged.map((text) => make("li", {}, text)), ...others);
}

function showPage(page, grouped) {
  version = page.version;
  at("place").textContent = `in ${page.directory}`;
  showDamaged(page.damaged, page.damaged_total);
  at("count").textContent = page.total === 0
    ? "No runs yet; 'wellspring run quickstart' makes one."
    : `${whole(page.matched)} of ${whole(page.total)} runs`;
  if (grouped) at("runs").replaceChildren(...page.groups.map(groupElement));
  else at("runs").replaceChildren(page.runs.length ? tableOf(page.runs) : "");
  at("more").hidden = grouped || page.runs.length >= page.matched;
}

async function refresh() {
  const turn = ++asked;
  const group = at("group").value;
  const grouped = group !== "none";
  writeAddress();
  try {
    const page = await ask(grouped ? pathOf({group, most: 0}) : pathOf());
    if (turn !== asked) return; // a later question is on its way
    showError(null);
    showPage(page, grouped);
  } catch (error) {
    if (turn === asked) showError(error);
  }
}

function hear(news) {
  if (news.error) {
    showError(news.error);
    return;
  }
  if (news.version !== version) {
    refresh();
    return;
  }
  showError(null);
  for (const {id, progress} of news.running) {
    const cell = document.querySelector(`[data-state="${CSS.escape(id)}"]`);
    if (cell) cell.replaceChildren(stateElement("running", progress), ...[progressCell(progress)].flat());
  }
}

let typing;
at("search").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(refresh, 150);
});
at("filters").addEventListener("submit", (event) => event.preventDefault());
for (const name of ["state", "group"]) at(name).addEventListener("change", refresh);
at("more").addEventListener("click", () => {
  view.most += ROWS;
  refresh();
});
at("compare").addEventListener("click", () => {
  location.href = `/compare?${[...ticked].map((id) => `run=${id}`).join("&")}`;
});

readAddress();
await refresh();
listen("/api/events", hear);
