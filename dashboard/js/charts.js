// Charts are Vega-Lite files in /charts; each comes with a table and a CSV of exactly the numbers drawn.

import { card, csvButton, emptyState, table } from "./components.js";
import { h, replace } from "./dom.js";
import { chartLocale } from "./format.js";

const WIDE = 600;
const NARROW_NAMES = 110;
const specifications = new Map();
let engine;

// The bundle's name holds a hash of its content, so that browsers may keep it for ever. It comes and is compiled while
// the first answers of the API are still on their way.
const bundle = fetch("/vendor/vega.json").then((answer) => answer.json()).then((named) => {
  const href = `/vendor/${named.bundle}`;
  document.head.append(h("link", { rel: "modulepreload", href }));
  return href;
});
bundle.catch(() => {}); // whoever draws a chart is told

function vega() {
  engine ??= bundle.then((href) => import(href)).then(() => window.vegaEmbed);
  return engine;
}

async function specification(name) {
  if (!specifications.has(name)) {
    specifications.set(name, fetch(`/charts/${name}.vl.json`).then((answer) => answer.json()));
  }
  return structuredClone(await specifications.get(name));
}

function theme() {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(name).trim();
  return {
    background: "transparent",
    font: "system-ui, sans-serif",
    view: { stroke: null },
    axis: { labelColor: color("--muted"), titleColor: color("--muted"), gridColor: color("--line"), domainColor: color("--line"), tickColor: color("--line"), labelFontSize: 12, titleFontSize: 12 },
    legend: { labelColor: color("--text"), titleColor: color("--muted"), orient: "top", labelFontSize: 12 },
    text: { color: color("--text") },
    range: { category: ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#999999"] },
  };
}

// The page's policy allows neither eval nor inline styles: expressions are interpreted, and the style sheet is ours.
const { day, ...locale } = chartLocale();
const options = () => ({ actions: false, ast: true, defaultStyle: false, renderer: "svg", tooltip: { disableDefaultStyle: true }, ...locale, config: theme() });

async function draw(place, name, rows, label) {
  const [embed, spec] = await Promise.all([vega(), specification(name)]);
  spec.data = { values: rows };
  // A drawing with a height per row can be fitted in width alone, and then Vega-Lite wants the height as a number.
  const step = spec.height?.step;
  if (step) spec.height = step * new Set(rows.map((row) => row[spec.encoding.y.field])).size;
  const type = step ? "fit-x" : "fit";
  if (spec.encoding.x.timeUnit) spec.encoding.x.axis = { format: day, labelFlush: false, labelSeparation: 10 };
  // On a narrow screen names leave room for what they are names of, and a legend stands where it is seen at once.
  const legend = (spec.encoding.color ?? spec.layer?.[0].encoding?.color)?.legend;
  const names = spec.encoding.y?.axis;
  if (place.clientWidth <= WIDE && names?.labelLimit) names.labelLimit = Math.min(names.labelLimit, NARROW_NAMES);
  if (place.clientWidth > WIDE) delete legend?.columns;
  // What would not be legible on a narrow screen is scrolled there instead of squeezed.
  place.style.minWidth = spec.usermeta?.minimumWidth ?? "";
  const { view } = await embed(place, { width: "container", autosize: { type, contains: "padding" }, ...spec }, options());
  // The figures are in the table; a screen reader gets one name instead of every mark.
  const drawing = place.querySelector("svg");
  drawing?.setAttribute("role", "img");
  drawing?.setAttribute("aria-label", label);
  return view;
}

// `empty` is said instead of a drawing that would show nothing; the table still has the rows.
export function chartCard(title, name, columns, rows, { note, wide = false, empty } = {}) {
  const body = h("div", { class: "scroll-x" });
  const element = card(title, note ? h("p", { class: "note" }, note) : null, body);
  if (wide) element.classList.add("wide");
  const asTable = h("button", { type: "button", class: "plain", "aria-pressed": "false", onclick: toggle }, "Table", h("span", { class: "sr" }, ` of ${title}`));
  element.tools.append(asTable, csvButton(title, columns, rows));
  show();
  return element;

  async function show() {
    body.view?.finalize();
    body.view = null;
    if (asTable.getAttribute("aria-pressed") === "true" || (!rows.length && !empty)) return showTable();
    if (empty) return replace(body, emptyState(empty));
    const place = h("div", { class: "chart", "aria-busy": "true" });
    replace(body, place);
    await onPage(place);
    try {
      body.view = await draw(place, name, rows, `${title}: chart, the same numbers are in its table`);
      reachable(body, title);
    } catch (error) {
      if (place.isConnected) {
        console.error(error); // the reader has the numbers all the same, and whoever mends it has the reason
        showTable();
      }
    }
    place.removeAttribute("aria-busy");
  }
  function showTable() {
    replace(body, table(columns, rows, { caption: title }));
  }
  function toggle() {
    asTable.setAttribute("aria-pressed", String(asTable.getAttribute("aria-pressed") !== "true"));
    show();
  }
}

// A drawing takes its width from its place, which has none before it is part of the page.
function onPage(place) {
  return new Promise((resolve) => {
    const observer = new ResizeObserver(() => {
      observer.disconnect();
      resolve();
    });
    observer.observe(place);
  });
}

// A place that scrolls must be reachable by keyboard, and one that does not is no stop on the way.
function reachable(body, title) {
  const scrolls = body.scrollWidth > body.clientWidth;
  for (const [name, value] of Object.entries({ tabindex: "0", role: "region", "aria-label": title })) {
    if (scrolls) body.setAttribute(name, value);
    else body.removeAttribute(name);
  }
}
