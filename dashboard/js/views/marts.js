import { get } from "../api.js";
import { card, part, table, tag } from "../components.js";
import { h } from "../dom.js";
import { number, text } from "../format.js";
import { lineage } from "../lineage.js";

const SAMPLE_ROWS = 20;

export async function show({ rest }) {
  const { data: marts } = await get("/marts");
  if (rest[0]) return one(marts.find((mart) => mart.name === rest[0]), marts);
  return [
    h("h1", {}, "Marts"),
    card("Catalogue", table([
      { name: "name", label: "Mart", cell: (row) => h("a", { href: `#/marts/${row.name}` }, row.name) },
      { name: "description", label: "What a row is" },
      { name: "rows", label: "Rows", numeric: true },
      { name: "audits", label: "Audits", cell: auditTag },
    ], marts, { caption: "What may be queried" })),
  ];
}

function auditTag(mart) {
  const failed = (mart.audits ?? []).filter((audit) => !audit.passed).length;
  return failed ? tag(`${number(failed)} failed`, "bad") : tag(`${number((mart.audits ?? []).length)} passed`, "good");
}

function one(mart) {
  if (!mart) return h("p", {}, "There is no such mart.");
  return [
    h("h1", {}, mart.name),
    h("p", {}, mart.description),
    h("p", {}, "Grain: ", h("code", {}, mart.grain.join(", "))),
    h("div", { class: "grid" },
      card("Columns", table([
        { name: "name", label: "Column" }, { name: "type", label: "Type" }, { name: "description", label: "Meaning" },
      ], mart.columns, { caption: `${number(mart.rows)} rows` })),
      card("Lineage", lineage(mart)),
      card("Audits", table([
        { name: "name", label: "Audit" }, { name: "passed", label: "Result", cell: (row) => (row.passed ? tag("passed", "good") : tag("failed", "bad")) },
        { name: "rows", label: "Failing rows", numeric: true, format: (value) => number(value ?? 0) },
      ], mart.audits ?? [], { caption: "Last build" })),
      part(() => sample(mart))),
  ];
}

async function sample(mart) {
  const { data } = await get(`/marts/${mart.name}`, { limit: SAMPLE_ROWS });
  const element = card("Sample", table(mart.columns.map((column) => ({ name: column.name, label: column.name, format: text })), data, { caption: `The first ${SAMPLE_ROWS} rows` }));
  element.classList.add("wide");
  return element;
}
