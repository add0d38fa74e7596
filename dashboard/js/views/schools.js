import { get, post } from "../api.js";
import { card, pager, table, tile, tiles } from "../components.js";
import { h, replace } from "../dom.js";
import { number, percent, text, yesNo } from "../format.js";

const LIMIT = 20;

export async function show({ who, rest, filters, setFilters }) {
  if (rest[0]) return one(rest[0]);
  const offset = Number(filters.offset ?? 0);
  const { data, page } = await get("/schools/", { search: filters.search, limit: LIMIT, offset });
  const search = h("input", { type: "search", name: "search", value: filters.search ?? "" });
  const submit = (event) => {
    event.preventDefault();
    setFilters({ search: search.value });
  };
  return [
    h("div", { class: "head" }, h("h1", {}, "Schools"),
      h("form", { class: "filters", role: "search", onsubmit: submit }, h("label", {}, "Name or code", search), h("button", { class: "primary" }, "Search"))),
    card("Registry", table([
      { name: "name", label: "School", cell: (row) => h("a", { href: `#/schools/${row.id}` }, row.name) },
      { name: "code", label: "Code" }, { name: "country", label: "Country" }, { name: "timezone", label: "Time zone" },
      { name: "is_active", label: "Active", format: yesNo },
    ], data, { caption: "By name" }), pager({ offset, limit: LIMIT, total: page.total }, (to) => setFilters({ ...filters, offset: to }))),
    who.role === "admin" && !who.school_id ? form(() => setFilters({ ...filters, search: "", offset: "" })) : null,
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

function form(done) {
  const message = h("p", { role: "status" });
  const field = (name, label, attributes) => h("label", {}, label, h("input", { name, required: true, ...attributes }));
  // One key a form: pressing twice, or trying again after a lost answer, adds one school.
  const key = crypto.randomUUID();
  const submit = async (event) => {
    event.preventDefault();
    try {
      const { data } = await post("/schools/", Object.fromEntries(new FormData(event.target)), { "Idempotency-Key": key });
      replace(message, `${data.name} was added.`);
      done();
    } catch (error) {
      replace(message, h("span", { class: "tag bad" }, error.message));
    }
  };
  return card("Add a school", h("form", { class: "filters", onsubmit: submit },
    field("code", "Code", { pattern: "[a-z0-9\\-]+", placeholder: "lincoln-high" }), field("name", "Name"),
    field("country", "Country (two letters)", { pattern: "[A-Z]{2}", maxlength: 2, placeholder: "DK" }),
    field("timezone", "Time zone", { placeholder: "Europe/Copenhagen", value: Intl.DateTimeFormat().resolvedOptions().timeZone }),
    h("button", { class: "primary" }, "Add")), message);
}
