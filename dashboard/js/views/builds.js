import { get } from "../api.js";
import { card, csvButton, table, tag, tile, tiles } from "../components.js";
import { h } from "../dom.js";
import { moment, number, text, words } from "../format.js";

const TONES = { published: "good", running: "warn", failed: "bad" };

export async function show({ rest }) {
  return rest[0] ? one(rest[0]) : list();
}

async function list() {
  const [{ data: runs }, { data: marts }] = await Promise.all([get("/builds"), get("/marts")]);
  const audits = marts.flatMap((mart) => mart.audits ?? []);
  const failed = audits.filter((audit) => !audit.passed);
  return [
    h("h1", {}, "Builds and quality"),
    tiles(
      tile("Last run", words(runs[0]?.state), moment(runs[0]?.finished_at)),
      tile("Audits passed", `${number(audits.length - failed.length)} / ${number(audits.length)}`),
      tile("Marts", number(marts.length)),
      tile("Rows", number(marts.reduce((sum, mart) => sum + (mart.rows ?? 0), 0))),
    ),
    card("Runs", table([
      { name: "run_id", label: "Run", cell: (row) => h("a", { href: `#/builds/${row.run_id}` }, row.run_id) },
      { name: "state", label: "State", cell: (row) => tag(words(row.state), TONES[row.state] ?? "") },
      { name: "as_of", label: "As of", format: moment },
      { name: "started_at", label: "Started", format: moment },
      { name: "error", label: "Why not", cell: (row) => row.error?.message ?? "" },
    ], runs, { caption: "Newest first" })),
  ];
}

async function one(id) {
  const { data: run } = await get(`/builds/${id}`);
  const tables = run.ingest?.tables ?? [];
  const columns = [
    { name: "table", label: "Table" }, { name: "rows_total", label: "Rows", numeric: true }, { name: "rows_inserted", label: "New", numeric: true },
    { name: "rows_updated", label: "Changed", numeric: true }, { name: "rows_deleted", label: "Deleted", numeric: true },
    { name: "orphans", label: "Orphans", numeric: true }, { name: "future", label: "After as_of", numeric: true }, { name: "late", label: "Late", numeric: true },
  ];
  const rows = card("Rows", table(columns, tables, { caption: "What ingest saw" }));
  rows.tools.append(csvButton("rows", columns, tables));
  return [
    h("div", { class: "head" }, h("h1", {}, `Run ${run.run_id}`), tag(words(run.state), TONES[run.state] ?? "")),
    run.error ? h("p", { class: "tag bad" }, `${run.error.step}: ${run.error.message}`) : null,
    h("div", { class: "grid" },
      card("Steps", table([
        { name: "name", label: "Step" }, { name: "state", label: "State" },
        { name: "seconds", label: "Seconds", numeric: true }, { name: "detail", label: "Detail", format: text },
      ], run.steps, { caption: `As of ${moment(run.as_of)}` })),
      rows),
  ];
}
