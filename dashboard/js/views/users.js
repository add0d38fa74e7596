import { get } from "../api.js";
import { card, pager, select, table } from "../components.js";
import { h } from "../dom.js";
import { moment, words, yesNo } from "../format.js";

const LIMIT = 20;

export async function show({ filters, setFilters }) {
  const offset = Number(filters.offset ?? 0);
  const { data, page } = await get("/users/", { search: filters.search, role: filters.role, limit: LIMIT, offset });
  const search = h("input", { type: "search", name: "search", value: filters.search ?? "" });
  const submit = (event) => {
    event.preventDefault();
    setFilters({ ...filters, search: search.value, offset: "" });
  };
  return [
    h("div", { class: "head" }, h("h1", {}, "Users"),
      h("form", { class: "filters", role: "search", onsubmit: submit }, h("label", {}, "Name, username or e-mail", search),
        select("Role", "role", [["", "All"], ["STUDENT", "Students"], ["TEACHER", "Teachers"], ["ADMIN", "Admins"]], filters.role ?? "", (role) => setFilters({ ...filters, role, offset: "" })),
        h("button", { class: "primary" }, "Search"))),
    card("Accounts", table([
      { name: "username", label: "Username" },
      { name: "last_name", label: "Name", cell: (row) => [row.first_name, row.last_name].filter(Boolean).join(" ") || "–" },
      { name: "email", label: "E-mail" },
      { name: "role", label: "Role", format: (value) => words(value.toLowerCase()) },
      { name: "is_active", label: "Active", format: yesNo },
      { name: "last_login", label: "Last sign-in", format: moment },
    ], data, { caption: "By username", empty: "Nobody matches." }), pager({ offset, limit: LIMIT, total: page.total }, (to) => setFilters({ ...filters, offset: to }))),
  ];
}
