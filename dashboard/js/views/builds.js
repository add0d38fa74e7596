import { get } from "../api.js";
import { card, csvButton, part, table, tag, tile, tiles } from "../components.js";
import { h } from "../dom.js";
import { ago, moment, number, seconds, text, words } from "../format.js";
import { auditTag } from "./marts.js";

const TONES = { published: "good", finished: "good", running: "warn", failed: "bad" };
const INGEST_COLUMNS = [
  { name: "table", label: "Table", format: words }, { name: "rows_total", label: "Rows", numeric: true }, { name: "rows_inserted", label: "New", numeric: true },
  { name: "rows_updated", label: "Changed", numeric: true }, { name: "rows_deleted", label: "Deleted", numeric: true },
  { name: "orphans", label: "Orphans", numeric: true }, { name: "future", label: "After as_of", numeric: true }, { name: "late", label: "Late", numeric: true },
];

export async function show({ rest }) {
  return rest[0] ? one(rest[0]) : list();
}

async function list() {
  const [{ data: runs, meta }, { data: marts }] = await Promise.all([get("/builds"), get("/marts")]);
  const audits = marts.flatMap((mart) => mart.audits);
  const failed = marts.filter((mart) => mart.audits.some((audit) => !audit.passed));
  const last = runs[0];
  return [
    h("h1", {}, "Builds and quality"),
    tiles(
      tile("Data as of", ago(meta.as_of), moment(meta.as_of)),
      tile("Last run", words(last?.state), moment(last?.finished_at ?? last?.started_at)),
      tile("Audits passed", `${number(audits.filter((audit) => audit.passed).length)} / ${number(audits.length)}`, failed.length ? `failed in ${failed.map((mart) => mart.name).join(", ")}` : "of the published snapshot"),
      tile("Marts", number(marts.length), `${number(marts.reduce((sum, mart) => sum + (mart.rows ?? 0), 0))} rows`),
    ),
    h("div", { class: "stack" },
      last ? part(() => quality(last.run_id)) : null,
      card("Runs", table([
        { name: "run_id", label: "Run", cell: (row) => h("a", { href: `#/builds/${row.run_id}` }, row.run_id) },
        { name: "state", label: "State", cell: stateTag },
        { name: "command", label: "Command" },
        { name: "started_at", label: "Started", format: moment },
        { name: "finished_at", label: "Took", numeric: true, cell: (row) => seconds(tookSeconds(row)) },
        { name: "error", label: "Why not", cell: (row) => row.error?.message ?? "" },
      ], runs, { caption: "Newest first", empty: "No run has been recorded yet." })),
      card("Audits", table([
        { name: "name", label: "Mart", cell: (row) => h("a", { href: `#/marts/${row.name}` }, row.name) },
        { name: "rows", label: "Rows", numeric: true },
        { name: "audits", label: "Audits", cell: auditTag },
      ], marts, { caption: "By mart, in the build of this snapshot" }))),
  ];
}

async function quality(runId) {
  const { data: run } = await get(`/builds/${runId}`);
  return ingested(run);
}

function ingested(run) {
  const tables = run.ingest?.tables ?? [];
  const sum = (name) => number(tables.reduce((total, row) => total + row[name], 0));
  const element = card("Rows of the source", h("p", { class: "note" }, `${sum("orphans")} orphans, ${sum("late")} late, ${sum("future")} after as_of: left out or taken in later, and counted here.`),
    table(INGEST_COLUMNS, tables, { caption: `What run ${run.run_id} read`, empty: "This run read nothing from the source." }));
  element.tools.append(csvButton("rows of the source", INGEST_COLUMNS, tables));
  return element;
}

function stateTag(row) {
  return tag(words(row.state), TONES[row.state] ?? "");
}

function tookSeconds({ started_at: started, finished_at: finished }) {
  return finished ? (new Date(finished) - new Date(started)) / 1000 : null;
}

async function one(id) {
  const { data: run } = await get(`/builds/${id}`);
  const audits = run.build?.audits ?? [];
  return [
    h("div", { class: "head" }, h("h1", {}, `Run ${run.run_id}`), stateTag(run)),
    run.error ? h("p", { class: "light bad" }, `${words(run.error.step)}: ${run.error.message} ${run.error.hint}`) : null,
    h("div", { class: "stack" },
      card("Steps", table([
        { name: "name", label: "Step" }, { name: "state", label: "State" },
        { name: "seconds", label: "Seconds", numeric: true }, { name: "detail", label: "Detail", format: text },
      ], run.steps, { caption: `As of ${moment(run.as_of)}` })),
      audits.length ? card("Audits", table([
        { name: "mart", label: "Mart" }, { name: "audit", label: "Audit", cell: (row) => h("code", {}, row.audit) },
        { name: "passed", label: "Result", cell: (row) => (row.passed ? tag("passed", "good") : tag("failed", "bad")) },
        { name: "rows", label: "Failing rows", numeric: true },
      ], [...audits].sort((a, b) => a.passed - b.passed), { caption: "Failed ones first" })) : null,
      ingested(run)),
  ];
}
