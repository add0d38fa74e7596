import { get } from "../api.js";
import { chartCard } from "../charts.js";
import { card, csvButton, searchForm, select, table, tag, tile, tiles } from "../components.js";
import { h } from "../dom.js";
import { counted, number, percent, rate, words } from "../format.js";
import { learnerLink } from "./overview.js";

const CLASS_COLUMNS = [
  { name: "name", label: "Class", cell: (row) => h("a", { href: `#/classes/${row.class_id}` }, row.name) },
  { name: "course", label: "Course" },
  { name: "learners", label: "Learners", numeric: true },
  { name: "average_mastery", label: "Average progress", numeric: true, format: percent },
  { name: "average_knowledge", label: "Knowledge", numeric: true, format: rate },
  { name: "at_risk", label: "At risk", numeric: true, cell: (row) => (row.at_risk ? tag(number(row.at_risk), "warn") : number(0)) },
];
const LEARNER_COLUMNS = [
  { name: "name", label: "Learner", cell: learnerLink },
  { name: "reasons", label: "Reasons", cell: (row) => row.reasons.map((reason) => [tag(words(reason), "warn"), " "]) },
  { name: "course_progress", label: "Course progress", numeric: true, format: percent },
  { name: "recent_score", label: "Recent score", numeric: true, format: percent },
];
const MASTERY_COLUMNS = [
  { name: "name", label: "Learner" }, { name: "course", label: "Course" }, { name: "level", label: "Level", format: words },
  { name: "mastery", label: "Progress", numeric: true, format: percent },
  { name: "knowledge", label: "Knowledge", numeric: true, format: rate }, { name: "evidence", label: "Evidence", numeric: true },
];

export async function show({ rest, filters, setFilters }) {
  const { data: classes } = await get("/classes/");
  if (rest[0]) return one(rest[0], classes);
  const wanted = (filters.search ?? "").toLowerCase();
  const shown = classes.filter((item) => `${item.name} ${item.course ?? ""}`.toLowerCase().includes(wanted));
  const list = card("Enrolled learners by class", table(CLASS_COLUMNS, shown, { caption: `${number(shown.length)} of ${number(classes.length)} classes`, empty: classes.length ? "No class matches." : "There are no classes yet." }));
  list.tools.append(csvButton("classes", CLASS_COLUMNS, shown));
  return [
    h("div", { class: "head" }, h("h1", {}, "Classes"), searchForm("Class or course", filters, setFilters)),
    list,
  ];
}

async function one(classId, classes) {
  const { data: learners } = await get(`/classes/${classId}/learners`);
  const summary = classes.find((item) => item.class_id === classId);
  const names = distinct(learners);
  const cells = learners.flatMap((learner) => learner.courses.map((course) => ({ ...course, name: names.get(learner) })));
  return [
    h("div", { class: "head" }, h("h1", {}, summary.name), h("a", { class: "button", href: `#/leaderboard?class=${classId}` }, "Leaderboard of this class")),
    tiles(
      tile("Course", summary.course ?? "–"), tile("Learners", number(summary.learners)),
      tile("Average progress", percent(summary.average_mastery)), tile("Knowledge", rate(summary.average_knowledge), "mean over learners"),
      tile("At risk", number(summary.at_risk)),
    ),
    h("div", { class: "stack" },
      riskCard("At risk in this class", learners.filter((learner) => learner.is_at_risk)),
      chartCard("Mastery of learners by course", "mastery", MASTERY_COLUMNS, cells, { wide: true, note: "Levels count the first try at each quiz of a course." }),
      everybody(learners)),
  ];
}

// Two learners of one name must not become one row of the heat map.
function distinct(learners) {
  const seen = new Map();
  return new Map(learners.map((learner) => {
    const times = (seen.get(learner.name) ?? 0) + 1;
    seen.set(learner.name, times);
    return [learner, times > 1 ? `${learner.name} (${times})` : learner.name];
  }));
}

function riskCard(title, rows) {
  const element = card(title, table(LEARNER_COLUMNS, rows, { caption: counted(rows.length, "learner"), empty: "Nobody is at risk." }));
  element.tools.append(csvButton(title, LEARNER_COLUMNS, rows.map((row) => ({ ...row, reasons: row.reasons.join(" ") }))));
  return element;
}

function everybody(learners) {
  return card("Learners", table(LEARNER_COLUMNS, learners, { caption: "Everybody enrolled, by name", empty: "Nobody is enrolled." }));
}

export async function atRisk({ filters, setFilters }) {
  const { data: classes } = await get("/classes/");
  const chosen = filters.class ?? classes.find((item) => item.at_risk > 0)?.class_id ?? classes[0]?.class_id;
  const rows = chosen ? (await get(`/classes/${chosen}/learners`)).data.filter((learner) => learner.is_at_risk) : [];
  const choices = classes.map((item) => [item.class_id, `${item.name}, ${item.course ?? "no course"} (${number(item.at_risk)})`]);
  return [
    h("div", { class: "head" }, h("h1", {}, "At risk"),
      h("div", { class: "filters" }, select("Class", "class", choices, chosen, (value) => setFilters({ ...filters, class: value })))),
    riskCard("Learners at risk", rows),
  ];
}
