// Where a mart comes from, as drawings: its models, and its columns. Both follow the other marts as far as they go.

import { h, replace } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
const GAP = 56;
const ROW = 28;
const LETTER = 7.3;
const LONGEST = 40;

export function lineage(mart, marts) {
  const known = new Map(marts.map((other) => [`marts.${other.name}`, other]));
  const place = h("div", {});
  const columns = [["", "All columns"], ...mart.columns.map((column) => [column.name, column.name])];
  const choice = h("select", { name: "column", onchange: (event) => showColumns(event.target.value) }, columns.map(([value, label]) => h("option", { value }, label)));
  showColumns("");
  return h("div", { class: "stack" },
    frame(`Models that ${mart.name} is made of`, draw(`marts.${mart.name}`, parentsOfModel(known), label)),
    h("label", { class: "inline" }, "Columns", choice), place);

  function showColumns(name) {
    const wanted = mart.columns.filter((column) => !name || column.name === name).map((column) => `marts.${mart.name}.${column.name}`);
    // All columns at once show one step each: the whole way of every column would be a thicket.
    const parents = parentsOfColumn(known, name ? Infinity : 1);
    replace(place, frame(`Columns that ${name || mart.name} is made of`, draw(wanted, parents, columnLabel(mart))), h("details", {}, h("summary", {}, "As text"), asText(mart)));
  }
}

// The mart's own columns need no prefix; others say which model they are of.
const columnLabel = (mart) => (id) => (id.startsWith(`marts.${mart.name}.`) ? id.slice(mart.name.length + 7) : id.slice(id.indexOf(".") + 1));
const label = (id) => id.replace(/^marts\./, "");

function parentsOfModel(known) {
  return (id) => known.get(id)?.upstream ?? [];
}

function parentsOfColumn(known, steps) {
  return (id, depth) => {
    const at = id.lastIndexOf(".");
    const column = known.get(id.slice(0, at))?.columns.find((candidate) => candidate.name === id.slice(at + 1));
    return depth < steps ? (column?.lineage ?? []) : [];
  };
}

function asText(mart) {
  return h("dl", { class: "pairs" }, mart.columns.map((column) => [h("dt", {}, h("code", {}, column.name)), h("dd", {}, column.lineage.join(", ") || "counted or made here")]));
}

function frame(name, drawing) {
  return h("div", { class: "lineage", tabindex: 0, role: "region", "aria-label": name }, drawing);
}

// The targets are at the right; everything else stands as far to the left as its longest way to them.
function draw(targets, parentsOf, labelOf) {
  const depths = new Map([targets].flat().map((id) => [id, 0]));
  const edges = new Set();
  const queue = [...depths.keys()];
  while (queue.length) {
    const id = queue.shift();
    for (const parent of parentsOf(id, depths.get(id))) {
      edges.add(`${parent} ${id}`);
      if ((depths.get(parent) ?? -1) < depths.get(id) + 1) {
        depths.set(parent, depths.get(id) + 1);
        queue.push(parent);
      }
    }
  }
  return picture(layers(depths), [...edges].map((edge) => edge.split(" ")), labelOf);
}

function layers(depths) {
  const most = Math.max(...depths.values());
  const found = Array.from({ length: most + 1 }, () => []);
  for (const [id, depth] of depths) found[most - depth].push(id);
  return found.map((ids, index) => (index === most ? ids : ids.sort()));
}

function picture(found, edges, labelOf) {
  const places = new Map();
  const height = Math.max(...found.map((ids) => ids.length)) * ROW;
  let x = 0;
  for (const ids of found) {
    const width = Math.max(...ids.map((id) => Math.min(LONGEST, labelOf(id).length))) * LETTER + 20;
    const top = (height - ids.length * ROW) / 2;
    ids.forEach((id, row) => places.set(id, { x, y: top + row * ROW, width }));
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
