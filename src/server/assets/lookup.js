// The page of a log's site that looks texts up. Texts are put in as text, never as HTML.
import {ask, at, make, right, saveAs, showError, table, time, whole} from "./page.js";

const limit = 4 * 1024 * 1024;
// A file that was chosen or dropped: {name, text}. Else the field has the text.
let held = null;
// What was looked up last.
let asked = "";

const meanings = {
  human: "all that was found is as an archive captured it",
  model: "a model made it, so its issuer claims",
  mixed: "a part of it is a model's, as claimed",
  contested: "claims contradict each other, and no date decides",
  unknown: "no claim that counts has it",
};

const dated = (text) => text ? time(text) : "not dated";

function depthWords(depth) {
  if (!depth) return "";
  if (depth.at_most === null) return `unknown (${depth.at_least} or more)`;
  return depth.at_least === depth.at_most ? `${depth.at_least}` : `${depth.at_least} to ${depth.at_most}`;
}

function figures(element, pairs) {
  element.replaceChildren(...pairs.map(([name, value]) =>
    make("div", {}, make("dt", {}, name), make("dd", {}, String(value)))));
}

// The claims that a span rests on; the one that its label is by comes first.
function claimsOf(span) {
  const claims = [span.emission, span.archive].filter((claim) => claim);
  return span.label === "human" ? claims.reverse() : claims;
}

function sentence(answer) {
  const {claim, label} = answer;
  if (answer.unproven) return `${answer.unproven}.`;
  if (label === "unknown" && answer.spans.length > 0)
    return "what claims have of it is too little to speak for the whole.";
  if (label === "unknown" && answer.found > 0) return "what shards have of it is too little to be labelled.";
  if (!claim) return `${meanings[label]}.`;
  return `${meanings[label]}: as claimed by ${claim.claimed_by}, ${claim.of}. Since ${dated(claim.since)} at the latest.`;
}

function showVerdict(answer) {
  at("verdict").textContent = answer.unproven ? (answer.complete ? "no label" : "not proven") : answer.label;
  at("says").textContent = sentence(answer);
  figures(at("numbers"), [
    ...(answer.depth ? [["Depth", depthWords(answer.depth)]] : []),
    ...Object.entries(answer.characters).map(([label, count]) => [`Characters, ${label}`, whole(count)]),
    ["Fingerprints", whole(answer.fingerprints)],
    ["Fingerprints that shards have", whole(answer.found)],
    ...(answer.common ? [["Fingerprints that are common, and count for nothing", whole(answer.common)]] : []),
    ["As of, by the log's witnesses", answer.as_of ? time(answer.as_of) : "no date: the policy wants no witnesses"],
    ["Entries of the log", whole(answer.entries)],
    ["Rules", answer.rules],
  ]);
}

// Spans count code points, and JavaScript's texts do not.
function showText(answer) {
  const letters = Array.from(asked);
  const parts = [];
  let end = 0;
  answer.spans.forEach((span, i) => {
    const claim = claimsOf(span)[0];
    const whose = `${span.label}, as claimed by ${claim.claimed_by}`;
    parts.push(letters.slice(end, span.begin).join(""));
    parts.push(make("mark", {class: span.label, title: whose},
      make("a", {class: "tag", href: `#span-${i + 1}`, "aria-label": `${i + 1} ${whose}`}, `${i + 1} ${span.label}`),
      letters.slice(span.begin, span.end).join("")));
    end = span.end;
  });
  parts.push(letters.slice(end).join(""));
  at("marked").replaceChildren(...parts);
  at("legend").replaceChildren(
    ...["human", "model", "contested"].map((label) => make("mark", {class: label}, label)),
    "without a mark: no claim that counts covers it");
}

function showClaims(answer) {
  const rows = answer.spans.flatMap((span, i) => claimsOf(span).map((claim) => [
    right(String(i + 1)), right(`${whole(span.begin)} – ${whole(span.end)}`), span.label,
    claim === span.emission ? "model" : "archive", claim.claimed_by, claim.of,
    claim === span.emission ? depthWords(span.depth) : "", dated(claim.since), right(whole(claim.entry)),
    `${claim.witnesses_cosigned} of ${claim.witnesses_of_policy}`, right(whole(claim.operators))]));
  if (rows.length === 0) {
    at("claims").replaceChildren(make("p", {class: "quiet"}, "None."));
    return;
  }
  const shown = table(null, [right("Part"), right("Characters"), "Label", "Says", "Claimed by", "Model or collection",
    "Depth", "Existed no later than", right("Entry"), "Witnesses", right("Operators")], rows);
  const bodies = [...shown.tBodies[0].rows];
  bodies.forEach((row) => {
    const id = `span-${row.cells[0].textContent}`;
    if (!shown.querySelector(`#${id}`)) row.id = id;
  });
  at("claims").replaceChildren(shown);
}

function showUnproven(answer) {
  const missing = answer.shards.filter((shard) => shard.state !== "searched");
  const words = [
    "That a claim is true. It is what its issuer says; the log proves that it was said, and since when.",
    answer.complete
      ? `Anything of entries from ${whole(answer.index_entries)} on: the index that leaves nothing out is of those before.`
      : `That nothing was left out: ${answer.coverage}` + (answer.index_signers.length > 0
        ? ` (${answer.index_signers.length} of ${answer.mirrors}; ${answer.index_quorum} wanted).` : "."),
    ...answer.index_dissenters.map((other) => `Which index is right: ${other.claimed_by} signed another one of the same ` +
      `${whole(answer.index_entries)} entries, in entry ${whole(other.entry)}.`),
    ...(answer.newer_index ? [`What the newest index has: ${answer.newer_index.claimed_by} signed one of the first ` +
      `${whole(answer.newer_index.entries)} entries, in entry ${whole(answer.newer_index.entry)}.`] : []),
    ...missing.map((shard) => `Shard ${shard.name} of entry ${whole(shard.entry)} is ${shard.state}` +
      (shard.withdrawn_in === null ? "" : ` at entry ${whole(shard.withdrawn_in)}`) + (shard.why ? `: ${shard.why}` : ".")),
    ...answer.disputed.map((claim) => `Entry ${whole(claim.entry)} is disputed, and counts for ` +
      (claim.shown > 0 ? `the documents alone that were shown: ${whole(claim.shown)}.` : "nothing.")),
    ...(answer.as_of ? [] : ["When anything was said: this server's policy asks no witnesses."]),
    "That this page shows what the server holds: save the evidence, and verify it by a policy of your own.",
  ];
  at("unproven").replaceChildren(...words.map((text) => make("li", {}, text)));
}

async function lookUp() {
  asked = held ? held.text : at("text").value;
  at("answer").hidden = true;
  const body = new Blob([asked]);
  if (body.size > limit) throw new Error("The text is longer than 4 MiB: 'wellspring lookup' takes it on your machine.");
  const answer = await ask("/lookup", {method: "POST", body, headers: {"Content-Type": "text/plain"}});
  showVerdict(answer);
  showText(answer);
  showClaims(answer);
  showUnproven(answer);
  at("answer").hidden = false;
  at("answer").focus();
}

async function saveBundle() {
  const response = await fetch("/lookup/bundle", {method: "POST", body: new Blob([asked]), headers: {"Content-Type": "text/plain"}});
  if (!response.ok) throw new Error((await response.json()).error);
  saveAs(await response.blob(), "evidence.bundle");
}

// Bytes that are no UTF-8 would be shown, and counted, as other characters than were sent.
async function hold(file) {
  if (file.size > limit) throw new Error(`${file.name} is longer than 4 MiB: 'wellspring lookup' takes it on your machine.`);
  try {
    const text = new TextDecoder("utf-8", {fatal: true, ignoreBOM: true}).decode(await file.arrayBuffer());
    held = {name: file.name, text};
  } catch {
    throw new Error(`${file.name} is no text in UTF-8: 'wellspring lookup' takes it on your machine.`);
  }
  at("busy").textContent = `${file.name}: ${whole(Array.from(held.text).length)} characters`;
}

// Runs what a person asked for; the button waits meanwhile.
async function run(what, words) {
  showError(null);
  at("look").disabled = true;
  at("busy").textContent = words;
  try {
    await what();
    if (at("busy").textContent === words) at("busy").textContent = "";
  } catch (error) {
    at("busy").textContent = "";
    showError(error);
  } finally {
    at("look").disabled = false;
  }
}

const askFor = () => run(lookUp, "Looking it up …");
const take = (file) => run(async () => { await hold(file); await lookUp(); }, "Reading …");

at("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  void askFor();
});
at("text").addEventListener("input", () => {
  held = null;
  at("file").value = "";
  at("busy").textContent = "";
});
at("file").addEventListener("change", () => {
  if (at("file").files.length > 0) void take(at("file").files[0]);
});
at("text").addEventListener("dragover", (event) => {
  event.preventDefault();
  at("text").classList.add("over");
});
at("text").addEventListener("dragleave", () => at("text").classList.remove("over"));
at("text").addEventListener("drop", (event) => {
  at("text").classList.remove("over");
  if (event.dataTransfer.files.length === 0) return; // a piece of text, which the field takes
  event.preventDefault();
  at("text").value = "";
  void take(event.dataTransfer.files[0]);
});
at("bundle").addEventListener("click", () => void run(saveBundle, "Gathering the evidence …"));

// The log ------------------------------------------------------------------------------------------

const kinds = {
  "urn:wellspring:model-emission:v1": "model emission",
  "urn:wellspring:human-archive:v1": "human archive",
  "urn:wellspring:withdrawal:v1": "withdrawal",
  "urn:wellspring:key-change:v1": "change of keys",
  "urn:wellspring:index:v1": "index",
};

function fill(id, head, rows) {
  at(id).replaceChildren(rows.length > 0 ? table(null, head, rows) : make("p", {class: "quiet"}, "None."));
}

const statements = [];
let earlier = null; // the entry below which there are more

function showStatements(log) {
  statements.push(...log.statements);
  earlier = log.earlier;
  at("earlier").hidden = earlier === null;
  fill("statements", [right("Entry"), "Kind", "Issuer", "Model or collection", right("Shards"), "Existed no later than", ""],
    statements.map((one) => [right(whole(one.entry)), kinds[one.type] ?? one.type, one.issuer ?? "", one.of ?? "",
      right(whole(one.shards)), dated(one.since), one.fate === "holds" ? "" : one.fate]));
}

at("earlier").addEventListener("click", () => {
  void run(async () => showStatements(await ask(`/lookup/log/${earlier}`)), "Reading …");
});

async function showLog() {
  const log = await ask("/lookup/log");
  at("place").textContent = log.log;
  figures(at("log"), [
    ["Entries", whole(log.entries)],
    ["Existed no later than", log.as_of ? time(log.as_of) : "no date: the policy wants no witnesses"],
    ["Cosigned by", `${log.cosigned_by} of ${log.witnesses.length} witnesses`],
    ["Their operators", whole(log.operators)],
  ]);
  at("checkpoint").textContent = log.checkpoint;
  showStatements(log);
  fill("issuers", ["Party", "Role", "Of"], log.issuers.map((one) => [one.name, one.role, one.of]));
  fill("witnesses", ["Name", "Key", "Address"], log.witnesses.map((one) => [one.name, one.key, one.url ?? ""]));
}

showLog().catch(showError);
