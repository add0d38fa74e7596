import { get } from "../api.js";
import { card, csvButton, emptyState, part, searchForm, table, tag, tile, tiles } from "../components.js";
import { h } from "../dom.js";
import { number, text } from "../format.js";
import { lineage } from "../lineage.js";

const SAMPLE_ROWS = 20;
const NUMBER = /INT|DOUBLE|FLOAT|DECIMAL/;
let known = null;

export async function show({ who, rest }) {
  const [{ data: marts }] = await Promise.all([get("/marts"), definitions()]);
  if (rest[0]) return one(marts.find((mart) => mart.name === rest[0]), who);
  const element = card("Catalogue", table(CATALOGUE_COLUMNS, marts, { caption: "What may be queried, and what each row is" }));
  element.tools.append(csvButton("marts", CATALOGUE_COLUMNS.slice(0, 3), marts));
  return [h("h1", {}, "Marts"), element];
}

// Metric, definition, and the columns that hold it: made from docs/metrics.md.
async function definitions() {
  known ??= await (await fetch("/definitions.json")).json();
  return known;
}

export async function metrics({ filters, setFilters }) {
  const wanted = (filters.search ?? "").toLowerCase();
  const all = await definitions();
  const shown = all.filter((entry) => `${entry.metric} ${entry.definition} ${entry.columns.join(" ")}`.toLowerCase().includes(wanted));
  const element = card("Definitions", table(METRIC_COLUMNS, shown, { caption: `${number(shown.length)} of ${number(all.length)} metrics`, empty: "No metric matches." }));
  element.tools.append(csvButton("metrics", METRIC_COLUMNS, shown));
  return [h("div", { class: "head" }, h("h1", {}, "Metrics"), searchForm("Metric, word or column", filters, setFilters)), element];
}

const METRIC_COLUMNS = [
  { name: "metric", label: "Metric" },
  { name: "definition", label: "Definition", isProse: true, cell: (row) => prose(row.definition) },
  { name: "columns", label: "Columns", cell: (row) => row.columns.map((column, index) => [index ? ", " : "", h("a", { href: `#/marts/${column.split(".")[0]}` }, column)]) },
];

// Markdown as far as the definitions use it: code between backticks, emphasis between asterisks.
function prose(text) {
  return text.split(/(`[^`]+`|\*[^*]+\*)/).map((piece) =>
    piece.startsWith("`") ? h("code", {}, piece.slice(1, -1)) : piece.length > 2 && piece.startsWith("*") ? h("em", {}, piece.slice(1, -1)) : piece);
}

const CATALOGUE_COLUMNS = [
  { name: "name", label: "Mart", cell: (row) => h("a", { href: `#/marts/${row.name}` }, row.name) },
  { name: "description", label: "What a row is", isProse: true },
  { name: "rows", label: "Rows", numeric: true },
  { name: "audits", label: "Audits", cell: auditTag },
];

export function auditTag(mart) {
  const failed = mart.audits.filter((audit) => !audit.passed).length;
  return failed ? tag(`${number(failed)} failed`, "bad") : tag(`${number(mart.audits.length)} passed`, "good");
}

function one(mart, who) {
  if (!mart) return [h("h1", {}, "Mart"), emptyState("There is no such mart, or it is not for you.")];
  const told = new Set();
  const asks = who.role === "analyst" || (who.role === "admin" && !who.school_id);
  return [
    h("div", { class: "head" }, h("h1", {}, mart.name),
      asks && mart.is_readable ? h("a", { class: "button", href: `#/desk?q=${encodeURIComponent(`SELECT *\nFROM ${mart.name}\nLIMIT 100`)}` }, "Query it on the desk") : null),
    h("p", {}, mart.description),
    h("p", {}, "Grain: ", mart.grain.map((name, index) => [index ? ", " : "", h("code", {}, name)])),
    tiles(
      tile("Rows", number(mart.rows)), tile("Columns", number(mart.columns.length)),
      tile("Audits passed", `${number(mart.audits.filter((audit) => audit.passed).length)} / ${number(mart.audits.length)}`, "in the build of this snapshot"),
    ),
    h("div", { class: "stack" },
      card("Columns and definitions", table([
        { name: "name", label: "Column", cell: (row) => [h("code", {}, row.name), mart.grain.includes(row.name) ? [" ", tag("grain", "")] : null] },
        { name: "type", label: "Type" }, { name: "description", label: "Definition", isProse: true, cell: (row) => [row.description, metricsOf(mart, row, told)] },
      ], mart.columns, { caption: "What each column means" })),
      part(() => origins(mart)),
      card("Audits", table([
        { name: "name", label: "Audit", cell: (row) => h("code", {}, row.name) }, { name: "passed", label: "Result", cell: (row) => (row.passed ? tag("passed", "good") : tag("failed", "bad")) },
        { name: "rows", label: "Failing rows", numeric: true },
      ], mart.audits, { caption: "Results of the last build" })),
      mart.is_readable ? part(() => sample(mart)) : null),
  ];
}

// A definition that several columns share is told beside the first of them.
function metricsOf(mart, column, told) {
  return known.filter((entry) => entry.columns.includes(`${mart.name}.${column.name}`)).map((entry) => {
    const text = told.has(entry.metric) ? null : [": ", prose(entry.definition)];
    told.add(entry.metric);
    return h("p", { class: "metric" }, h("a", { href: `#/metrics?search=${encodeURIComponent(entry.metric)}` }, entry.metric), text);
  });
}

async function origins(mart) {
  const { data } = await get(`/marts/${mart.name}/lineage`);
  return card("Lineage", h("p", { class: "note" }, "From the tables of the source, drawn with broken lines, to this mart."), lineage(mart, data));
}

async function sample(mart) {
  const { data } = await get(`/marts/${mart.name}`, { limit: SAMPLE_ROWS });
  const columns = mart.columns.map((column) => ({ name: column.name, label: column.name, format: text, numeric: NUMBER.test(column.type) }));
  const element = card("Sample", table(columns, data, { caption: `The first ${number(data.length)} rows`, empty: "This mart has no rows that you may see." }));
  element.tools.append(csvButton(`sample of ${mart.name}`, columns, data));
  return element;
}
