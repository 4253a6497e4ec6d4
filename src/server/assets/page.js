// What the pages share. Whatever comes from runs is put in as text, never as HTML.

// make("td", {class: "number"}, "7", node, ...): an element with attributes and children.
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export const at = (id) => document.getElementById(id);

// The JSON at a path; fails with the server's own words.
export async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Error("The server does not answer. Is 'wellspring serve' still running?");
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(body.error || `The server answered ${response.status}.`);
  return body;
}

export function saveAs(blob, name) {
  const address = URL.createObjectURL(blob);
  make("a", {href: address, download: name}).click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}

export function showError(error) {
  const message = at("message");
  message.hidden = !error;
  message.textContent = error ? error.message || String(error) : "";
}

// Numbers that are not finite come as texts: "nan", "inf", "-inf".
export function number(value) {
  if (typeof value !== "number") return value === "nan" ? "NaN" : String(value);
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-3) return value.toExponential(2);
  return Number(value.toPrecision(4)).toLocaleString("en", {maximumSignificantDigits: 4});
}

// What is counted has all its digits.
export const whole = (value) => value.toLocaleString("en");

export function duration(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s >= 3600) return `${Math.floor(s / 3600)} h ${String(Math.floor(s / 60) % 60).padStart(2, "0")} min`;
  return s >= 60 ? `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, "0")} s` : `${s} s`;
}

export const time = (text) => text.replace("T", " ").replace(/:\d\dZ$/, "");

// What a run's state is called: a run whose process was killed still says that it is running.
export function stateOf(state, progress) {
  if (state !== "running") return {name: state, kind: state};
  if (progress && progress.process === "gone") return {name: "killed", kind: "gone"};
  return {name: "running", kind: "running"};
}

export function stateElement(state, progress) {
  const {name, kind} = stateOf(state, progress);
  return make("span", {class: `state ${kind}`}, name);
}

// Calls `heard` with each message of a stream, which is opened anew when it breaks. It is closed while
// nobody sees the page: a browser has few connections to a server, and each tab would keep one.
export function listen(path, heard) {
  let source = null;
  const follow = () => {
    if (document.hidden) {
      source?.close();
      source = null;
    } else if (!source) {
      source = new EventSource(path);
      source.onmessage = (event) => heard(JSON.parse(event.data));
    }
  };
  document.addEventListener("visibilitychange", follow);
  follow();
}

// A table with a head row; cells are texts or nodes, numbers stand to the right.
export function table(caption, head, rows) {
  const cell = (kind, value) =>
    value && value.attributes && !(value instanceof Node)
      ? make(kind, value.attributes, ...[value.cell].flat())
      : make(kind, {}, value instanceof Node ? value : String(value));
  return make("table", {},
    caption ? make("caption", {}, caption) : null,
    make("thead", {}, make("tr", {}, ...head.map((value) => cell("th", value)))),
    make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map((value) => cell("td", value))))));
}

// `exact`: the number that is shown in few digits, for who reads the page as data.
export const right = (value, exact = null) => ({cell: value, attributes: {class: "number", "data-value": exact}});
