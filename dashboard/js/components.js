// The designed pieces that views are made of: cards, tiles, tables, pagers and the four states.

import { ApiError } from "./api.js";
import { download, h, replace } from "./dom.js";
import { ago, change, csv, date, moment, number, relativeChange, text, words } from "./format.js";

const LONG = 60;
const TIMES = new Set([ago, date, moment]);

export function card(title, ...content) {
  const heading = h("h2", {}, title);
  const tools = h("div", { class: "tools" });
  const element = h("section", { class: "card" }, h("header", {}, heading, tools), ...content);
  return Object.assign(element, { tools });
}

export function tile(label, value, note) {
  return h("div", { class: "tile" }, h("dt", {}, label), h("dd", {}, h("span", { class: "figure" }, value), note ? h("span", { class: "change" }, note) : null));
}

// A change as arrow, share and words: colour alone would say nothing to many readers.
export function delta(now, before, against) {
  const moved = relativeChange(now, before);
  const [tone, arrow] = moved === null || Math.abs(moved) < 0.0005 ? ["", "→"] : moved > 0 ? ["up", "▲"] : ["down", "▼"];
  return [h("span", { class: `delta ${tone}` }, h("span", { "aria-hidden": "true" }, `${arrow} `), change(moved)), ` ${against}`];
}

// Six tiles stand as three and three rather than as five and one.
export function tiles(...items) {
  const element = h("dl", { class: "tiles" }, items);
  const count = element.children.length;
  element.style.setProperty("--count", count);
  element.style.setProperty("--balanced", count > 5 ? Math.ceil(count / 2) : count);
  return element;
}

export function tag(label, tone) {
  return h("span", { class: `tag ${tone}` }, label);
}

// columns: [{name, label, format, numeric, isProse, cell(row)}]
export function table(columns, rows, { caption, rowClass, empty = "Nothing here yet." } = {}) {
  if (!rows.length) return emptyState(empty);
  const kind = (column) => (column.numeric ? "number" : TIMES.has(column.format) ? "time" : column.isProse ? "prose" : null);
  const head = columns.map((column) => h("th", { scope: "col", class: kind(column) }, column.label));
  const line = (row) =>
    h("tr", { class: rowClass?.(row) ?? null },
      columns.map((column) => h("td", { class: kind(column) },
        column.cell ? column.cell(row) : (column.format ?? (column.numeric ? number : text))(row[column.name]))));
  return h("div", { class: rows.length > LONG ? "scroll long" : "scroll", tabindex: 0, role: "region", "aria-label": caption ?? "Table" },
    h("table", {}, caption ? h("caption", {}, caption) : null, h("thead", {}, h("tr", {}, head)), h("tbody", {}, rows.map(line))));
}

export function csvButton(name, columns, rows) {
  return h("button", { type: "button", class: "plain", onclick: () => download(`${name}.csv`, csv(columns, rows), "text/csv") },
    "CSV", h("span", { class: "sr" }, ` of ${name}`));
}

export function pager({ offset, limit, total }, go) {
  const last = Math.min(offset + limit, total);
  return h("div", { class: "pager" },
    h("button", { type: "button", disabled: offset === 0, onclick: () => go(Math.max(0, offset - limit)) }, "Previous"),
    h("span", {}, total ? `${number(offset + 1)}–${number(last)} of ${number(total)}` : "none"),
    h("button", { type: "button", disabled: last >= total, onclick: () => go(offset + limit) }, "Next"));
}

// A search field whose text goes into the address, beside other filters of the view.
export function searchForm(label, filters, setFilters, ...others) {
  const field = h("input", { type: "search", name: "search", value: filters.search ?? "" });
  const submit = (event) => {
    event.preventDefault();
    setFilters({ ...filters, search: field.value, offset: "" });
  };
  return h("form", { class: "filters", role: "search", onsubmit: submit }, h("label", {}, label, field), others, h("button", { class: "primary" }, "Search"));
}

export function select(label, name, choices, value, change) {
  return h("label", {}, label,
    h("select", { name, onchange: (event) => change(event.target.value) },
      choices.map(([key, title]) => h("option", { value: key, selected: String(key) === String(value) }, title))));
}

// Figures that are left out because they are about too few people are said to be left out.
export function withheld(meta) {
  return meta.withheld?.length ? h("p", { class: "note" }, `Left out: ${meta.withheld.map(words).join(", ")} (${meta.withheld_reason}).`) : null;
}

export function loading() {
  return h("div", { class: "skeleton", role: "status" }, h("span", { class: "sr" }, "Loading"));
}

export function emptyState(message) {
  return h("div", { class: "state" }, h("p", {}, message));
}

const EXPLANATIONS = {
  401: ["Signed out", "The token is missing, wrong or expired. Sign in again with a new one."],
  403: ["Not for this role", "Your role may not see this view. Ask an administrator of your school if you need it."],
  404: ["Not found", "There is nothing here that you may see."],
  429: ["Too many requests", "Please wait a moment, then try again."],
  503: ["No numbers yet", "Nothing has been published yet, or the source cannot be reached. The page tries again by itself."],
};

export function failure(error, retry) {
  const [title, explanation] = EXPLANATIONS[error instanceof ApiError ? error.status : 0] ?? ["This did not work", ""];
  return h("div", { class: "state", role: "alert" },
    h("h2", {}, title),
    h("p", {}, explanation || error.message),
    explanation && error.message ? h("p", {}, h("small", {}, error.message)) : null,
    retry ? h("button", { type: "button", onclick: retry }, "Try again") : null);
}

// Fill a place with what an asynchronous piece returns, or with the state that explains why not.
export async function fill(place, make, { quiet = false } = {}) {
  if (!quiet) replace(place, loading());
  try {
    replace(place, await make());
  } catch (error) {
    if (error.name !== "AbortError") replace(place, failure(error, () => fill(place, make)));
  }
  return place;
}

const unfinished = new Set();

export function part(make, { wide = false } = {}) {
  const place = h("div", { class: wide ? "wide" : null });
  const filling = fill(place, make).finally(() => unfinished.delete(filling));
  unfinished.add(filling);
  return place;
}

// When every part that has been begun is filled, or shows why not.
export function partsFilled() {
  return Promise.allSettled([...unfinished]);
}

// A part that is asked for again every few seconds for as long as it is on the page.
export function live(make, seconds, options) {
  const place = part(make, options);
  const timer = setInterval(() => {
    if (!place.isConnected) return clearInterval(timer);
    if (!document.hidden) fill(place, make, { quiet: true });
  }, seconds * 1000);
  return place;
}
