// Upstream lineage as a drawing: the mart at the right, what feeds it in layers to the left; columns on demand.

import { h } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 210;
const GAP = 46;
const ROW = 34;
const LAYERS = ["raw", "seeds", "staging", "intermediate", "marts"];

export function lineage(mart) {
  const layers = LAYERS.map((layer) => mart.upstream.filter((name) => name.startsWith(`${layer}.`)).sort()).filter((names) => names.length);
  const drawing = draw([...layers, [mart.name]], mart.name);
  return h("div", {}, h("div", { class: "lineage", tabindex: 0, role: "region", "aria-label": `Lineage of ${mart.name}` }, drawing), columnLineage(mart));
}

function draw(layers, name) {
  const height = Math.max(...layers.map((layer) => layer.length)) * ROW + 10;
  const svg = element("svg", { width: layers.length * (WIDTH + GAP), height, role: "img", "aria-label": `${name} is made of ${layers.slice(0, -1).flat().join(", ")}` });
  layers.forEach((layer, index) => layer.forEach((label, row) => {
    const x = index * (WIDTH + GAP);
    const y = row * ROW + 5;
    svg.append(element("rect", { x, y, width: WIDTH, height: ROW - 8, rx: 6, fill: "none", stroke: "currentColor", "stroke-opacity": 0.4 }));
    const text = element("text", { x: x + 8, y: y + 17, "font-size": 12, fill: "currentColor" });
    text.textContent = label.length > 30 ? `${label.slice(0, 29)}…` : label;
    svg.append(text);
    if (index < layers.length - 1) svg.append(element("path", { d: curve(x + WIDTH, y + 13, (index + 1) * (WIDTH + GAP), 18), fill: "none", stroke: "currentColor", "stroke-opacity": 0.3 }));
  }));
  return svg;
}

function curve(x1, y1, x2, y2) {
  const middle = (x1 + x2) / 2;
  return `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`;
}

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function columnLineage(mart) {
  const entries = Object.entries(mart.column_lineage ?? {});
  if (!entries.length) return null;
  return h("details", {}, h("summary", {}, "By column"),
    h("dl", {}, entries.map(([column, sources]) => [h("dt", {}, h("code", {}, column)), h("dd", {}, sources.join(", ") || "made here")])));
}
