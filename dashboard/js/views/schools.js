import { get, post } from "../api.js";
import { card, pager, searchForm, table, tile, tiles } from "../components.js";
import { h, replace } from "../dom.js";
import { number, percent, text, yesNo } from "../format.js";

const LIMIT = 20;

export async function show({ who, rest, filters, setFilters, reload }) {
  if (rest[0]) return one(rest[0]);
  const offset = Number(filters.offset ?? 0);
  const { data, page } = await get("/schools/", { search: filters.search, limit: LIMIT, offset });
  return [
    h("div", { class: "head" }, h("h1", {}, "Schools"), searchForm("Name or code", filters, setFilters)),
    h("div", { class: "stack" }, card("Registry", table([
      { name: "name", label: "School", cell: (row) => h("a", { href: `#/schools/${row.id}` }, row.name) },
      { name: "code", label: "Code" }, { name: "country", label: "Country" }, { name: "timezone", label: "Time zone" },
      { name: "is_active", label: "Active", format: yesNo },
    ], data, { caption: "By name", empty: "No school matches." }), pager({ offset, limit: LIMIT, total: page.total }, (to) => setFilters({ ...filters, offset: to }))),
    who.role === "admin" && !who.school_id ? form(reload) : null),
  ];
}

async function one(id) {
  const { data } = await get(`/schools/${id}`);
  const figures = data.stats;
  return [
    h("h1", {}, data.name),
    h("p", {}, `${data.code} · ${text(data.country)} · ${data.timezone}`),
    figures ? tiles(
      tile("Students", number(figures.students)), tile("Teachers", number(figures.teachers)),
      tile("Active classes", number(figures.classes_active)), tile("Active users, 7 days", number(figures.active_users_7d)),
      tile("Average completion", percent(figures.average_completion)), tile("XP, 30 days", number(figures.xp_30d)),
    ) : h("p", {}, "Its figures appear after the next nightly build."),
  ];
}

function form(reload) {
  const message = h("p", { role: "status" });
  const field = (name, label, attributes) => h("label", {}, label, h("input", { name, required: true, ...attributes }));
  // One key a form: pressing twice, or trying again after a lost answer, adds one school.
  const key = randomKey();
  const submit = async (event) => {
    event.preventDefault();
    try {
      const { data } = await post("/schools/", Object.fromEntries(new FormData(event.target)), { "Idempotency-Key": key });
      await reload();
      document.getElementById("added").textContent = `${data.name} was added. Its figures appear after the next nightly build.`;
    } catch (error) {
      replace(message, h("span", { class: "problem" }, [error.message, ...reasons(error)].join(" ")));
    }
  };
  return card("Add a school", h("form", { class: "filters", onsubmit: submit },
    field("code", "Code", { pattern: "[a-z0-9\\-]+", placeholder: "lincoln-high" }), field("name", "Name"),
    field("country", "Country (two letters)", { pattern: "[A-Z]{2}", maxlength: 2, placeholder: "DK" }),
    field("timezone", "Time zone", { placeholder: "Europe/Copenhagen", list: "zones" }),
    h("datalist", { id: "zones" }, Intl.supportedValuesOf("timeZone").map((zone) => h("option", { value: zone }))),
    h("button", { class: "primary" }, "Add")), message, h("p", { id: "added", class: "note", role: "status" }));
}

function reasons(error) {
  return Array.isArray(error.details) ? error.details.map((detail) => detail.message ?? detail.msg).filter(Boolean) : [];
}

// crypto.randomUUID is missing where the page is not served over HTTPS.
function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
