// The shell: sign-in, navigation by role, the address as the view's state, freshness, and quiet refresh.

import { ApiError, get, onMeta } from "./api.js";
import { failure, loading, partsFilled } from "./components.js";
import { h, replace } from "./dom.js";
import { momentAndZone, useZone } from "./format.js";
import { claims, signIn, signOut, takeTokenFromFragment, token } from "./session.js";
import { VIEWS, allowed } from "./views/index.js";

const REFRESH_MILLISECONDS = 30_000;
const DRAWN_MILLISECONDS = 2000;
const main = document.getElementById("main");
let shown = null;
let known = null;
let asOf = null;
let generation = 0;
let waiting = false;
let school = null;

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
  const who = claims();
  if (!who) return showSignIn();
  const views = allowed(who);
  const wanted = place();
  const view = VIEWS.find((candidate) => candidate.name === (wanted.name || views[0].name));
  showNavigation(views, view);
  showAccount(who);
  if (!view) return finish(mine, [h("h1", {}, "Not found"), failure(new Error("There is no such view."))]);
  document.title = `${view.title} – Schoolhouse`;
  if (!views.includes(view)) return finish(mine, [h("h1", {}, view.title), failure(new ApiError(403))]);
  main.setAttribute("aria-busy", "true");
  if (!quiet) replace(main, loading());
  try {
    const module = await import(`./views/${view.module}.js`);
    const content = await module[view.shows]({ who, rest: wanted.rest, filters: wanted.filters, setFilters, reload: show });
    if (quiet) await partsFilled();
    finish(mine, content, quiet);
    waiting = false;
  } catch (error) {
    waiting = error.status === 503;
    finish(mine, [h("h1", {}, view.title), failure(error, error.status === 401 ? leave : show)]);
  }
  if (!quiet && mine === generation) main.focus({ preventScroll: true });
}

// An answer that comes after the reader has gone on to another view is dropped.
function finish(mine, content, quiet = false) {
  if (mine !== generation) return;
  document.getElementById("vg-tooltip-element")?.classList.remove("visible");
  if (quiet) exchange(content);
  else replace(main, content);
  main.dataset.place = location.hash;
  main.removeAttribute("aria-busy");
  shown = known;
}

// The reader's place and the focus stay where they were, though every element is a new one.
function exchange(content) {
  const focusable = () => [...main.querySelectorAll("a, button, input, select, [tabindex]")];
  const at = focusable().indexOf(document.activeElement);
  const label = document.activeElement?.textContent;
  main.style.minHeight = `${main.offsetHeight}px`;
  replace(main, content);
  const same = focusable()[at];
  if (same?.textContent === label) same.focus({ preventScroll: true });
  setTimeout(() => { main.style.minHeight = ""; }, DRAWN_MILLISECONDS);
}

function showNavigation(views, current) {
  const item = (view) => h("li", {}, h("a", { href: `#/${view.name}`, "aria-current": view === current ? "page" : null }, view.title));
  const group = (name) => [h("li", { class: "group", "aria-hidden": "true" }, name), views.filter((view) => view.group === name).map(item)];
  const nav = document.getElementById("nav");
  replace(nav, h("ul", {}, [...new Set(views.map((view) => view.group).filter(Boolean))].map(group)));
  // On a narrow screen the navigation scrolls sideways; the page itself must stay where it is.
  const [frame, link] = [nav, nav.querySelector("[aria-current]")].map((element) => element?.getBoundingClientRect());
  if (link) nav.scrollLeft += link.left - frame.left - (frame.width - link.width) / 2;
}

function showAccount(who) {
  const isOfPlatform = !who.school_id && ["admin", "analyst"].includes(who.role);
  replace(document.getElementById("account"),
    h("span", {}, h("span", { class: "of" }, isOfPlatform ? "platform " : school ? `${school} · ` : ""), who.role),
    h("button", { type: "button", onclick: leave }, "Sign out"));
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
  const problem = token() ? h("p", { class: "problem", role: "alert" }, "That is not a token: it has three parts with dots between them.") : null;
  signOut(); // what is no token is not kept either
  const submit = (event) => {
    event.preventDefault();
    signIn(field.value);
    start();
  };
  replace(main, h("section", { class: "card sign-in" },
    h("h1", {}, "Sign in"),
    h("p", {}, "Paste the token that your platform or ", h("code", {}, "schoolhouse token"), " gave you. It stays in this tab and is forgotten when you close it."),
    h("form", { onsubmit: submit }, h("label", { for: "token" }, "Token"), field, problem, h("button", { class: "primary" }, "Sign in"))));
  main.dataset.place = location.hash;
  main.removeAttribute("aria-busy");
}

onMeta((meta) => {
  known = meta.snapshot_id;
  asOf = meta.as_of;
  const line = document.getElementById("freshness");
  line.classList.remove("lost");
  line.classList.toggle("stale", Boolean(meta.stale));
  line.textContent = `${meta.stale ? "Out of date: data" : "Data"} as of ${momentAndZone(meta.as_of)}`;
});

// A new snapshot changes the page's numbers without a reload; what somebody is writing is left alone.
async function refresh() {
  if (!token() || document.hidden) return;
  if (waiting) return anew();
  try {
    await get("/analytics/overview");
    const typing = document.activeElement?.matches("input, textarea, select");
    const keeps = VIEWS.find((view) => view.name === place().name)?.keeps;
    if (shown && known !== shown && !typing && !keeps) await anew();
  } catch (error) {
    notKept(error);
  }
}

// What is on the page stays true as of its own time, but nobody keeps it fresh: a page left open must not look alive.
// The next round tries again, and its answer takes the warning away.
function notKept(error) {
  const line = document.getElementById("freshness");
  if (line.classList.contains("lost") || !asOf) return;
  line.classList.add("stale", "lost");
  line.textContent = `${error.status === 401 ? "Signed out" : "No connection"}: not kept up to date, data as of ${momentAndZone(asOf)}`;
}

// A new snapshot may know a school that the one before did not.
async function anew() {
  await learnWho();
  await show({ quiet: true });
}

function listen() {
  // The fragment names the view: a plain link to #main would leave it.
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    main.focus();
  });
  addEventListener("hashchange", () => (takeTokenFromFragment() ? start() : show()));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => show({ quiet: true }));
  setInterval(refresh, REFRESH_MILLISECONDS);
  document.addEventListener("visibilitychange", refresh);
}

async function start() {
  await learnWho();
  await show();
}

// Times are shown in the zone of the reader's own school, wherever the device is. The whole platform has none: UTC.
async function learnWho() {
  useZone("UTC");
  school = null;
  if (!claims()) return;
  try {
    const { data } = await get("/me");
    useZone(data.timezone);
    school = data.school_name;
  } catch {
    // Times stay in UTC, and the freshness line says so; the view itself tells what is wrong.
  }
}

takeTokenFromFragment();
listen();
start();
