import { get, martRows } from "../api.js";
import { card, csvButton, pager, part, select, table, tag, tile, tiles } from "../components.js";
import { h } from "../dom.js";
import { date, moment, number, rate, text, words } from "../format.js";

const LIMIT = 20;
const LIGHTS = {
  ok: ["good", "✓", "Within the law today"],
  attention: ["warn", "!", "Needs attention"],
  breach: ["bad", "✗", "In breach: something is overdue, late or unproven"],
};
const SHOWN = [["open", "Open"], ["overdue", "Overdue"], ["all", "All"]];
const REQUEST_COLUMNS = [
  { name: "request_key", label: "Request", numeric: true }, { name: "kind", label: "Kind", format: words }, { name: "status", label: "Status", format: words },
  { name: "received_date", label: "Received", format: date }, { name: "due_date", label: "Due", format: date },
  { name: "days_left", label: "Days left", numeric: true },
  { name: "is_overdue", label: "Standing", cell: (row) => standing(row) },
];
const CONSENT_COLUMNS = [{ name: "purpose", label: "Purpose", format: words }, { name: "coverage", label: "Coverage", numeric: true, format: rate }];
const RETENTION_COLUMNS = [
  { name: "table", label: "Table", format: words }, { name: "limit_days", label: "Limit, days", numeric: true },
  { name: "rows_overdue", label: "Rows over it", numeric: true, cell: (row) => (row.rows_overdue ? tag(number(row.rows_overdue), "bad") : number(0)) },
  { name: "oldest", label: "Oldest", format: date },
];
const KIND_COLUMNS = [
  { name: "kind", label: "Kind", format: words }, { name: "total", label: "All", numeric: true }, { name: "open", label: "Open", numeric: true },
  { name: "overdue", label: "Overdue", numeric: true }, { name: "due_within_7_days", label: "Due in 7 days", numeric: true },
  { name: "closed_in_time_rate", label: "Closed in time", numeric: true, format: rate },
];

export async function show({ rest, filters, setFilters }) {
  if (rest[0]) return receipt(rest[0]);
  const { data } = await get("/compliance/status");
  const [tone, sign, sentence] = LIGHTS[data.overall];
  return [
    h("h1", {}, "Compliance"),
    h("p", { class: `light ${tone}` }, h("span", { class: "lamp", "aria-hidden": "true" }, sign), sentence),
    tiles(
      tile("Open requests", number(data.requests.open), `${number(data.requests.due_within_7_days)} due within 7 days`),
      tile("Overdue requests", number(data.requests.overdue), "open or closed after the deadline"),
      tile("Closed in time", rate(data.requests.closed_in_time_rate)),
      tile("Children without parental consent", number(data.minors.without_parental_consent), `of ${number(data.minors.total)} below the age`),
      tile("Open incidents", number(data.incidents.open), `${number(data.incidents.notified_late)} notified late`),
      tile("Erasures", number(data.erasures.completed), `${number(data.erasures.verified)} verified, ${number(data.erasures.unproven)} unproven`),
      tile("Processing register", `${number(data.processing_register.documented)} / ${number(data.processing_register.total)}`, "marts documented"),
    ),
    h("div", { class: "grid" },
      part(() => requests(filters, setFilters), { wide: true }),
      listed("Requests by kind", KIND_COLUMNS, data.requests.by_kind, "Deadlines of GDPR Art. 12(3)"),
      listed("Consents", CONSENT_COLUMNS, data.consents, "Active accounts with a consent that is not withdrawn"),
      listed("Retention", RETENTION_COLUMNS, data.retention, "Rows older than their limit"),
      part(erasures), part(disclosures, { wide: true })),
  ];
}

function listed(title, columns, rows, caption) {
  const element = card(title, table(columns, rows, { caption }));
  element.tools.append(csvButton(title, columns, rows));
  return element;
}

function standing(row) {
  if (row.is_overdue) return tag("overdue", "bad");
  if (row.is_due_within_7_days) return tag("due within 7 days", "warn");
  return row.is_open ? tag("in time", "good") : tag("closed", "");
}

async function requests(filters, setFilters) {
  const shown = filters.requests ?? "open";
  const offset = Number(filters.offset ?? 0);
  const wanted = { open: { is_open: true }, overdue: { is_overdue: true }, all: {} }[shown];
  const { data, page } = await get("/compliance/requests", { ...wanted, limit: LIMIT, offset });
  const element = listed("Requests and deadlines", REQUEST_COLUMNS, data, "The nearest deadline first; by key alone, who it is stays with the platform");
  element.tools.prepend(select("Show", "requests", SHOWN, shown, (value) => setFilters({ ...filters, requests: value, offset: "" })));
  element.append(pager({ offset, limit: LIMIT, total: page.total }, (to) => setFilters({ ...filters, offset: to })));
  return element;
}

async function erasures() {
  const done = await martRows("compliance_erasures");
  return card("Erasure receipts", table([
    { name: "request_key", label: "Request", cell: (row) => h("a", { href: `#/compliance/${row.request_id}` }, `Receipt of request ${row.request_key}`) },
    { name: "completed_date", label: "Completed", format: date },
    { name: "is_verified", label: "Proof", cell: (row) => proof(row.is_verified) },
  ], done, { caption: "What was removed, table by table", empty: "No erasure has been completed yet." }));
}

function proof(isVerified) {
  return isVerified ? tag("verified: nothing is left", "good") : tag("not verified", "bad");
}

async function receipt(id) {
  const { data } = await get(`/compliance/erasures/${id}`);
  return [
    h("h1", {}, "Erasure receipt"),
    h("p", {}, `Request ${text(data.request_id)}; reason: ${words(data.reason)}. The person is known here by a keyed hash alone.`),
    h("div", { class: "stack" }, data.passes.map((pass) => card(moment(pass.erased_at),
      h("p", {}, proof(pass.is_verified),
        ` ${number(pass.snapshots_removed.length)} snapshots removed, ${number(pass.files_rewritten.length)} files rewritten.`),
      table([
        { name: "table", label: "Table" }, { name: "rows_before", label: "Rows before", numeric: true }, { name: "rows_after", label: "Rows after", numeric: true },
      ], pass.tables, { caption: "Rows about the person", empty: "The warehouse held no row about the person." })))),
  ];
}

async function disclosures() {
  const { data, page } = await get("/compliance/disclosures", { limit: LIMIT });
  return card("Who read a learner's record", table([
    { name: "occurred_at", label: "When", format: moment }, { name: "reader_role", label: "Reader", format: words },
    { name: "reader_key", label: "Reader's key", numeric: true }, { name: "subject_key", label: "Learner's key", numeric: true }, { name: "what", label: "What" },
  ], data, { caption: `The newest of ${number(page.total)} (FERPA, 34 CFR 99.32)`, empty: "Nobody has read anybody else's record yet." }));
}
