import { get } from "../api.js";
import { card, part, table, tag, tile, tiles } from "../components.js";
import { h } from "../dom.js";
import { date, number, rate, text, words, yesNo } from "../format.js";

const LIGHTS = {
  ok: ["good", "Within the law today"],
  attention: ["warn", "Needs attention"],
  breach: ["bad", "In breach: something is overdue, late or unproven"],
};

export async function show() {
  const { data } = await get("/compliance/status");
  const [tone, sentence] = LIGHTS[data.overall] ?? ["", words(data.overall)];
  return [
    h("h1", {}, "Compliance"),
    h("p", { class: `light ${tone}`, role: "status" }, sentence),
    tiles(
      tile("Open requests", number(data.requests.open), `${number(data.requests.due_within_7_days)} due within 7 days`),
      tile("Overdue requests", number(data.requests.overdue)),
      tile("Closed in time", rate(data.requests.closed_in_time_rate)),
      tile("Children without parental consent", number(data.minors.without_parental_consent), `of ${number(data.minors.total)} below the age`),
      tile("Incidents", number(data.incidents.open), `${number(data.incidents.notified_late)} notified late`),
      tile("Erasures", number(data.erasures.completed), `${number(data.erasures.verified)} verified, ${number(data.erasures.unproven)} unproven`),
      tile("Processing register", `${number(data.processing_register.documented)} / ${number(data.processing_register.total)}`, "documented"),
    ),
    h("div", { class: "grid" },
      card("Consents", table([
        { name: "purpose", label: "Purpose", format: words }, { name: "coverage", label: "Coverage", numeric: true, format: rate },
      ], data.consents, { caption: "Active accounts with a consent that is not withdrawn" })),
      card("Retention", table([
        { name: "table", label: "Table", format: words }, { name: "limit_days", label: "Limit, days", numeric: true },
        { name: "rows_overdue", label: "Rows over it", numeric: true }, { name: "oldest", label: "Oldest", format: date },
      ], data.retention, { caption: "Rows older than their limit" })),
      part(requests)),
  ];
}

async function requests() {
  const { data } = await get("/compliance/requests", { limit: 100 });
  return card("Requests", table([
    { name: "request_key", label: "Request" }, { name: "kind", label: "Kind", format: words }, { name: "status", label: "Status", format: words },
    { name: "due_date", label: "Due", format: date },
    { name: "is_overdue", label: "Overdue", cell: (row) => (row.is_overdue ? tag("overdue", "bad") : yesNo(row.is_overdue)) },
    { name: "days_left", label: "Days left", numeric: true, format: text },
  ], data, { caption: "Keys only; who it is stays with the platform" }));
}
