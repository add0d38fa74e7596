import { get } from "../api.js";
import { card, pager, searchForm, select, table } from "../components.js";
import { h } from "../dom.js";
import { moment, words, yesNo } from "../format.js";

const LIMIT = 20;
const ROLES = [["", "All"], ["STUDENT", "Students"], ["TEACHER", "Teachers"], ["ADMIN", "Admins"]];

function person(row) {
  const name = [row.first_name, row.last_name].filter(Boolean).join(" ") || "–";
  return row.role === "STUDENT" ? h("a", { href: `#/learner/${row.id}` }, name) : name;
}

export async function show({ filters, setFilters }) {
  const offset = Number(filters.offset ?? 0);
  const { data, page } = await get("/users/", { search: filters.search, role: filters.role, limit: LIMIT, offset });
  const choice = select("Role", "role", ROLES, filters.role ?? "", (role) => setFilters({ ...filters, role, offset: "" }));
  return [
    h("div", { class: "head" }, h("h1", {}, "Users"), searchForm("Name, username or e-mail", filters, setFilters, choice)),
    card("Accounts", table([
      { name: "username", label: "Username" },
      { name: "last_name", label: "Name", cell: (row) => person(row) },
      { name: "email", label: "E-mail" },
      { name: "role", label: "Role", format: (value) => words(value.toLowerCase()) },
      { name: "is_active", label: "Active", format: yesNo },
      { name: "last_login", label: "Last sign-in", format: moment },
    ], data, { caption: "By username", empty: "Nobody matches." }), pager({ offset, limit: LIMIT, total: page.total }, (to) => setFilters({ ...filters, offset: to }))),
  ];
}
