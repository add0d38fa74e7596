// The shell: sign-in, navigation by role, the address as the view's state, freshness, and quiet refresh.

import { get, onMeta } from "./api.js";
import { failure, loading } from "./components.js";
import { h, replace } from "./dom.js";
import { moment, useZone } from "./format.js";
import { claims, signIn, signOut, takeTokenFromFragment, token } from "./session.js";
import { VIEWS, allowed } from "./views/index.js";

const REFRESH_MILLISECONDS = 30_000;
const main = document.getElementById("main");
let shown = null;
let known = null;
let generation = 0;

function place() {
  const [path, query] = location.hash.replace(/^#/, "").split("?");
  const [name = "", ...rest] = path.split("/").filter(Boolean);
  return { name, rest: rest.map(decodeURIComponent), filters: Object.fromEntries(new URLSearchParams(query ?? "")) };
}

// Filters go into the address, so that a view can be shared as it is.
function setFilters(filters) {
  const { name, rest } = place();
  const query = new URLSearchParams(Object.entries(filters).filter(([, value]) => value !== "" && value !== null && value !== undefined));
  location.hash = `#/${[name, ...rest.map(encodeURIComponent)].join("/")}${query.size ? `?${query}` : ""}`;
}

async function show({ quiet = false } = {}) {
  const mine = ++generation;
  const who = token() && claims();
  if (!who) return showSignIn();
  const views = allowed(who.role);
  const wanted = place();
  const view = VIEWS.find((candidate) => candidate.name === (wanted.name || views[0].name));
  showNavigation(views, view);
  showAccount(who);
  if (!view) return replace(main, failure(new Error("There is no such view.")));
  document.title = `${view.title} – Schoolhouse`;
  if (!quiet) replace(main, loading());
  try {
    const content = await view.show({ who, rest: wanted.rest, filters: wanted.filters, setFilters });
    if (mine !== generation) return;
    replace(main, content);
  } catch (error) {
    if (mine === generation) replace(main, h("h1", {}, view.title), failure(error, error.status === 401 ? leave : show));
  }
  if (!quiet && mine === generation) main.focus({ preventScroll: true });
  shown = known;
}

function showNavigation(views, current) {
  const items = views.filter((view) => !view.hidden).map((view) =>
    h("li", {}, h("a", { href: `#/${view.name}`, "aria-current": view === current ? "page" : null }, view.title)));
  replace(document.getElementById("nav"), h("ul", {}, items));
}

function showAccount(who) {
  replace(document.getElementById("account"), h("span", {}, `Signed in as ${who.role}`), h("button", { type: "button", onclick: leave }, "Sign out"));
}

function leave() {
  signOut();
  location.hash = "#/";
  show();
}

function showSignIn() {
  document.title = "Sign in – Schoolhouse";
  for (const id of ["nav", "account", "freshness"]) replace(document.getElementById(id));
  const field = h("textarea", { id: "token", name: "token", rows: 5, required: true, autocomplete: "off", spellcheck: "false" });
  const submit = (event) => {
    event.preventDefault();
    signIn(field.value);
    show();
  };
  replace(main, h("section", { class: "card sign-in" },
    h("h1", {}, "Sign in"),
    h("p", {}, "Paste the token that your platform or ", h("code", {}, "schoolhouse token"), " gave you. It stays in this tab and is forgotten when you close it."),
    h("form", { onsubmit: submit }, h("label", { for: "token" }, "Token"), field, h("button", { class: "primary" }, "Sign in"))));
}

onMeta((meta) => {
  known = meta.snapshot_id;
  const line = document.getElementById("freshness");
  line.classList.toggle("stale", Boolean(meta.stale));
  line.textContent = `${meta.stale ? "Out of date: data" : "Data"} as of ${moment(meta.as_of)}`;
});

// A new snapshot changes the page's numbers without a reload; an input that has the focus is left alone.
async function refresh() {
  if (!token() || document.hidden) return;
  try {
    await get("/analytics/overview");
    const typing = document.activeElement?.matches("input, textarea, select");
    if (shown && known !== shown && !typing) await show({ quiet: true });
  } catch {
    // The next round tries again; what is on the page stays true as of its own time.
  }
}

async function start() {
  takeTokenFromFragment();
  addEventListener("hashchange", () => {
    takeTokenFromFragment();
    show();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => show({ quiet: true }));
  setInterval(refresh, REFRESH_MILLISECONDS);
  if (token()) await schoolZone();
  await show();
}

// Times are shown in the school's own zone; a platform's caller, or one who may not list schools, reads UTC.
async function schoolZone() {
  const who = claims();
  if (!who?.school_id || !["admin", "teacher"].includes(who.role)) return;
  try {
    useZone((await get(`/schools/${who.school_id}`)).data.timezone);
  } catch {
    // Times stay in UTC, and say so.
  }
}

start();
