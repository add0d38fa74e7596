// The analysts' desk: SQL on the left, what there is to ask on the right, history in this browser only.

import { get, post, send } from "../api.js";
import { chartCard } from "../charts.js";
import { card, failure, table } from "../components.js";
import { download, h, replace } from "../dom.js";
import { csv, number, text } from "../format.js";

const KEY = "schoolhouse.queries";
const KEPT = 30;
const FIRST = "SELECT activity_date, SUM(active_users) AS active_users, SUM(mau) AS mau\nFROM engagement_daily\nGROUP BY activity_date\nORDER BY activity_date DESC\nLIMIT 30";
const FORMATS = [["parquet", "Parquet", "application/vnd.apache.parquet"], ["arrow", "Arrow", "application/vnd.apache.arrow.stream"]];

export async function show({ filters, setFilters }) {
  const { data: marts } = await get("/marts");
  const editor = h("textarea", { id: "sql", rows: 9, spellcheck: "false", autocomplete: "off" });
  editor.value = filters.q ?? FIRST;
  const result = h("div", { "aria-live": "polite" });
  const history = h("div", {});
  const run = async () => {
    replace(result, h("p", { role: "status" }, "Running …"));
    remember(editor.value);
    replace(history, past(editor));
    try {
      replace(result, answered(await ask(editor.value), editor.value));
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
      h("div", {},
        card("Query", h("label", { for: "sql" }, "One SELECT on the marts; Ctrl or Cmd and Enter runs it"), editor,
          h("div", { class: "pager" }, h("button", { class: "primary", type: "button", onclick: run }, "Run"),
            h("button", { type: "button", onclick: () => setFilters({ ...filters, q: editor.value }) }, "Put into the address"))),
        result),
      h("aside", {}, card("Marts", marts.map((mart) => described(mart, editor))), card("History", history))),
  ];
}

function described(mart, editor) {
  const columns = mart.columns.map((column) => [h("dt", {}, h("code", {}, column.name), ` ${column.type}`), h("dd", {}, h("small", {}, column.description))]);
  return h("details", {}, h("summary", {}, mart.name), h("p", {}, h("small", {}, mart.description)),
    h("button", { type: "button", class: "plain", onclick: () => { editor.value = `SELECT ${mart.columns.map((column) => column.name).join(", ")}\nFROM ${mart.name}\nLIMIT 100`; editor.focus(); } }, "Start from this"),
    h("dl", {}, columns));
}

async function ask(query) {
  return (await post("/sql", { query })).data;
}

function answered(answer, query) {
  const columns = answer.columns.map((column) => ({ name: column.name, label: column.name, format: text, numeric: /INT|DOUBLE|DECIMAL|FLOAT|HUGE/.test(column.type) }));
  const rows = answer.rows.map((row) => (Array.isArray(row) ? Object.fromEntries(columns.map((column, index) => [column.name, row[index]])) : row));
  const element = card(`${number(rows.length)} rows${answer.truncated ? ", cut off at the limit" : ""}`, table(columns, rows, { caption: "Result", empty: "The query returned no row." }));
  element.tools.append(h("button", { type: "button", class: "plain", onclick: () => download("result.csv", csv(columns, rows), "text/csv") }, "CSV"));
  for (const [format, label, type] of FORMATS) {
    element.tools.append(h("button", { type: "button", class: "plain", onclick: () => save(query, format, type) }, label));
  }
  const drawable = quick(columns, rows);
  return [element, drawable];
}

async function save(query, format, type) {
  const answer = await send("/sql", { method: "POST", body: { query }, params: { format }, headers: { Accept: type } });
  download(`result.${format}`, await answer.blob(), type);
}

// The first column against the first numeric one says enough at a glance; anything finer is a notebook's work.
function quick(columns, rows) {
  const measure = columns.find((column, index) => index > 0 && column.numeric);
  if (!measure || rows.length < 2) return null;
  return chartCard("Quick chart", "quick", [{ ...columns[0], name: "x" }, { ...measure, name: "y" }], rows.map((row) => ({ x: row[columns[0].name], y: row[measure.name] })), { note: `${measure.name} by ${columns[0].name}` });
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
  if (!queries.length) return h("p", {}, h("small", {}, "What you run is kept in this browser."));
  return queries.map((query) => h("div", {}, h("button", { type: "button", class: "plain", onclick: () => { editor.value = query; editor.focus(); } }, query.replaceAll(/\s+/g, " ").slice(0, 60))));
}
