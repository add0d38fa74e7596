// Where a mart comes from, as drawings: its models, and its columns, from the tables of the source to the mart.

import { h, replace } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
const GAP = 56;
const ROW = 28;
const LETTER = 7.3;
const LONGEST = 40;

// origins: [{name, upstream, columns: {column: origins}}], as the API answers for the mart.
export function lineage(mart, origins) {
  const known = new Map(origins.map((origin) => [origin.name, origin]));
  const place = h("div", {});
  const columns = [["", "All columns, one step"], ...mart.columns.map((column) => [column.name, column.name])];
  const choice = h("select", { name: "column", onchange: (event) => showColumns(event.target.value) }, columns.map(([value, label]) => h("option", { value }, label)));
  showColumns("");
  return h("div", { class: "stack" },
    frame(`Models that ${mart.name} is made of`, draw([`marts.${mart.name}`], (id) => known.get(id)?.upstream ?? [], modelLabel)),
    h("label", { class: "inline" }, "Columns", choice), place);

  function showColumns(name) {
    const wanted = mart.columns.filter((column) => !name || column.name === name).map((column) => `marts.${mart.name}.${column.name}`);
    // All columns at once show one step each: the whole way of every column would be a thicket.
    const parents = parentsOfColumn(known, name ? Infinity : 1);
    replace(place, frame(`Columns that ${name || mart.name} is made of`, draw(wanted, parents, columnLabel(mart))), h("details", {}, h("summary", {}, "As text"), asText(mart)));
  }
}

// Names of models say by themselves which layer they are of; only tables of the source need the prefix.
const modelLabel = (id) => id.replace(/^(marts|intermediate|staging|seeds)\./, "");
const columnLabel = (mart) => (id) => (id.startsWith(`marts.${mart.name}.`) ? id.slice(mart.name.length + 7) : modelLabel(id));

function parentsOfColumn(known, steps) {
  return (id, depth) => {
    const at = id.lastIndexOf(".");
    return depth < steps ? (known.get(id.slice(0, at))?.columns[id.slice(at + 1)] ?? []) : [];
  };
}

function asText(mart) {
  return h("dl", { class: "pairs" }, mart.columns.map((column) => [h("dt", {}, h("code", {}, column.name)), h("dd", {}, column.lineage.join(", ") || "counted or made here")]));
}

// What a reader came for is at the right end; a wide drawing starts there.
function frame(name, drawing) {
  const element = h("div", { class: "lineage", tabindex: 0, role: "region", "aria-label": name }, drawing);
  requestAnimationFrame(() => { element.scrollLeft = element.scrollWidth; });
  return element;
}

function draw(targets, parentsOf, labelOf) {
  const parents = new Map();
  const waiting = targets.map((id) => [id, 0]);
  while (waiting.length) {
    const [id, depth] = waiting.shift();
    if (parents.has(id)) continue;
    parents.set(id, parentsOf(id, depth));
    waiting.push(...parents.get(id).map((parent) => [parent, depth + 1]));
  }
  return picture(layers(parents, targets), [...parents].flatMap(([id, all]) => all.map((parent) => [parent, id])), labelOf);
}

// The source is at the left, and each model right of all that it is made of, near the middle of them.
function layers(parents, targets) {
  const ranks = new Map();
  const rank = (id) => {
    if (!ranks.has(id)) ranks.set(id, 1 + Math.max(-1, ...parents.get(id).map(rank)));
    return ranks.get(id);
  };
  const last = Math.max(...targets.map(rank));
  const found = Array.from({ length: last + 1 }, () => []);
  for (const id of parents.keys()) found[targets.includes(id) ? last : rank(id)].push(id);
  const heights = new Map();
  for (const ids of found) {
    const middle = (id) => parents.get(id).reduce((sum, parent) => sum + heights.get(parent), 0) / parents.get(id).length || 0;
    if (ids[0] !== targets[0]) ids.sort((a, b) => middle(a) - middle(b) || a.localeCompare(b));
    ids.forEach((id, index) => heights.set(id, index / ids.length));
  }
  return found;
}

function picture(found, edges, labelOf) {
  const places = new Map();
  const height = Math.max(...found.map((ids) => ids.length)) * ROW;
  let x = 0;
  for (const ids of found) {
    const width = Math.max(...ids.map((id) => Math.min(LONGEST, labelOf(id).length))) * LETTER + 20;
    const step = height / ids.length;
    ids.forEach((id, row) => places.set(id, { x, y: (row + 0.5) * step - ROW / 2, width }));
    x += width + GAP;
  }
  const svg = element("svg", { width: x - GAP + 2, height: height + 4, role: "group", "aria-label": "Drawing" });
  for (const [from, to] of edges) svg.append(element("path", { d: curve(places.get(from), places.get(to)), class: "edge" }));
  for (const [id, box] of places) svg.append(node(id, box, labelOf(id)));
  return svg;
}

function node(id, { x, y, width }, text) {
  const group = element("g", { class: `node ${id.split(".")[0]}` });
  const words = element("text", { x: x + 11, y: y + 18 });
  words.textContent = text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
  const title = element("title", {});
  title.textContent = id;
  group.append(title, element("rect", { x: x + 1, y: y + 3, width, height: ROW - 6, rx: 6 }), words);
  if (!/^marts\.[^.]+$/.test(id)) return group;
  const link = element("a", { href: `#/marts/${encodeURIComponent(id.slice(6))}` });
  link.append(group);
  return link;
}

function curve(from, to) {
  const x1 = from.x + from.width + 1;
  const y1 = from.y + ROW / 2;
  const y2 = to.y + ROW / 2;
  const middle = (x1 + to.x) / 2;
  return `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${to.x} ${y2}`;
}

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
