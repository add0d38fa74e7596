// The analysts' desk: SQL on the left, what there is to ask on the right, history in this browser only.

import { get, post, send } from "../api.js";
import { chartCard } from "../charts.js";
import { card, csvButton, failure, select, table } from "../components.js";
import { download, h, replace } from "../dom.js";
import { counted, text } from "../format.js";

const KEY = "schoolhouse.queries";
const KEPT = 30;
const FIRST = "SELECT activity_date, SUM(active_users) AS active_users, SUM(mau) AS mau\nFROM engagement_daily\nWHERE activity_date <= (SELECT MIN(today_date) FROM dim_school)\nGROUP BY activity_date\nORDER BY activity_date DESC\nLIMIT 30";
const FORMATS = [["parquet", "Parquet"], ["arrow", "Arrow"]];
const NUMERIC = /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DOUBLE|FLOAT|DECIMAL.*)$/;

export async function show({ filters, setFilters }) {
  const { data: marts } = await get("/marts");
  const editor = h("textarea", { id: "sql", rows: 9, spellcheck: "false", autocomplete: "off" });
  editor.value = filters.q ?? FIRST;
  const result = h("div", { "aria-live": "polite", class: "stack" });
  const history = h("div", { class: "history" });
  const run = async () => {
    replace(result, h("p", { role: "status", "aria-busy": "true" }, "Running …"));
    remember(editor.value);
    replace(history, past(editor));
    try {
      replace(result, answered((await post("/sql", { query: editor.value })).data, editor.value));
    } catch (error) {
      replace(result, failure(error));
    }
  };
  editor.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      run();
    }
  });
  replace(history, past(editor));
  return [
    h("h1", {}, "SQL desk"),
    h("div", { class: "desk" },
      h("div", { class: "stack" },
        card("Query", h("label", { for: "sql" }, "One SELECT on the marts; Ctrl or Cmd and Enter runs it"), editor,
          h("div", { class: "pager" }, h("button", { class: "primary", type: "button", onclick: run }, "Run"),
            h("button", { type: "button", onclick: () => setFilters({ ...filters, q: editor.value }) }, "Put into the address"))),
        result),
      h("aside", { "aria-label": "What there is to ask", class: "stack" },
        card("History", history),
        offer(marts.filter((mart) => mart.is_readable), editor))),
  ];
}

// The marts, narrowed to those that a word is found in: in their name, their meaning, or a column's.
function offer(marts, editor) {
  const all = marts.map((mart) => [described(mart, editor), JSON.stringify([mart.name, mart.description, mart.columns]).toLowerCase()]);
  const narrow = (event) => {
    const wanted = event.target.value.trim().toLowerCase();
    for (const [element, words] of all) element.hidden = !words.includes(wanted);
  };
  return card("Marts", h("label", {}, "Find a mart or column", h("input", { type: "search", name: "mart", oninput: narrow })), all.map(([element]) => element));
}

function described(mart, editor) {
  const columns = mart.columns.map((column) => [h("dt", {}, h("code", {}, column.name), ` ${column.type}`), h("dd", {}, column.description)]);
  const start = () => {
    editor.value = `SELECT ${mart.columns.map((column) => column.name).join(", ")}\nFROM ${mart.name}\nLIMIT 100`;
    editor.focus();
  };
  return h("details", {}, h("summary", {}, h("code", {}, mart.name)), h("p", { class: "note" }, mart.description),
    h("p", {}, h("button", { type: "button", class: "plain", onclick: start }, "Start from this", h("span", { class: "sr" }, ` mart, ${mart.name}`)), " ", h("a", { href: `#/marts/${mart.name}` }, "Its page", h("span", { class: "sr" }, `: ${mart.name}`))),
    h("dl", { class: "pairs" }, columns));
}

function answered(answer, query) {
  // Two columns of a result may have one name: fields are told apart by their place.
  const columns = answer.columns.map((column, index) => ({ name: `c${index}`, heading: column.name, label: column.name, type: column.type, numeric: NUMERIC.test(column.type), format: plain }));
  const rows = answer.rows.map((row) => Object.fromEntries(row.map((value, index) => [`c${index}`, value])));
  const element = card(`${counted(rows.length, "row")}${answer.truncated ? ", cut off at the limit" : ""}`, table(columns, rows, { caption: "Result", empty: "The query returned no row." }));
  element.tools.append(csvButton("result", columns, rows), ...FORMATS.map(([format, label]) =>
    h("button", { type: "button", class: "plain", onclick: () => save(query, format, element) }, label, h("span", { class: "sr" }, " of result"))));
  return [element, rows.length > 1 ? quick(columns, rows) : null];
}

// Values as the database wrote them: a rounded figure would be another figure.
function plain(value) {
  return typeof value === "object" && value !== null ? JSON.stringify(value) : text(value);
}

async function save(query, format, element) {
  try {
    const answer = await send("/sql", { method: "POST", body: { query }, params: { format } });
    download(`result.${format}`, await answer.blob(), answer.headers.get("Content-Type"));
  } catch (error) {
    element.append(failure(error));
  }
}

// One column against another says enough at a glance; anything finer is a notebook's work.
function quick(columns, rows) {
  const measures = columns.filter((column) => column.numeric);
  if (!measures.length || columns.length < 2) return null;
  const chosen = { x: columns[0].name, y: (measures.find((column) => column !== columns[0]) ?? measures[0]).name };
  const place = h("div", {});
  const choice = (axis, label, options) => select(label, axis, options.map((column) => [column.name, column.label]), chosen[axis], (value) => {
    chosen[axis] = value;
    show();
  });
  show();
  return h("section", { class: "stack" }, h("div", { class: "filters" }, choice("x", "Across", columns), choice("y", "Up", measures)), place);

  function show() {
    const x = columns.find((column) => column.name === chosen.x);
    const y = columns.find((column) => column.name === chosen.y);
    const isTime = /^(DATE|TIMESTAMP)/.test(x.type);
    const points = rows.map((row) => ({ x: row[x.name], y: row[y.name], when: String(row[x.name]) }));
    if (isTime) points.sort((a, b) => String(a.x).localeCompare(String(b.x)));
    replace(place, chartCard("Quick chart", isTime ? "quick_time" : "quick", [{ ...x, name: "x" }, { ...y, name: "y" }], points, { note: `${y.label} by ${x.label}` }));
  }
}

function stored() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? [];
  } catch {
    return [];
  }
}

function remember(query) {
  localStorage.setItem(KEY, JSON.stringify([query, ...stored().filter((old) => old !== query)].slice(0, KEPT)));
}

function past(editor) {
  const queries = stored();
  if (!queries.length) return h("p", { class: "note" }, "What you run is kept in this browser.");
  return queries.map((query) => h("button", { type: "button", class: "plain", onclick: () => { editor.value = query; editor.focus(); } }, query.replaceAll(/\s+/g, " ").slice(0, 60)));
}
