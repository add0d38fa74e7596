import { get } from "../api.js";
import { chartCard } from "../charts.js";
import { card, csvButton, emptyState, select, table, tag } from "../components.js";
import { h } from "../dom.js";
import { number, percent, rate, words } from "../format.js";
import { learnerLink } from "./overview.js";

const LEARNER_COLUMNS = [
  { name: "name", label: "Learner", cell: learnerLink },
  { name: "reasons", label: "Reasons", cell: (row) => row.reasons.map((reason) => [tag(words(reason), "warn"), " "]) },
  { name: "course_progress", label: "Course progress", numeric: true, format: percent },
  { name: "recent_score", label: "Recent score", numeric: true, format: percent },
];

export async function show({ rest, filters, setFilters }) {
  const { data: classes } = await get("/classes/");
  if (rest[0]) return one(classes.find((item) => item.class_id === rest[0]), rest[0]);
  return [
    h("h1", {}, "Classes"),
    card("Classes", table([
      { name: "name", label: "Class", cell: (row) => h("a", { href: `#/classes/${row.class_id}` }, row.name) },
      { name: "course", label: "Course" },
      { name: "learners", label: "Learners", numeric: true },
      { name: "average_mastery", label: "Average progress", numeric: true, format: percent },
      { name: "average_knowledge", label: "Knowledge", numeric: true, format: rate },
      { name: "at_risk", label: "At risk", numeric: true },
    ], classes, { caption: "Classes with enrolled learners" })),
  ];
}

async function one(summary, classId) {
  const { data: learners } = await get(`/classes/${classId}/learners`);
  const cells = learners.flatMap((learner) => learner.courses.map((course) => ({ name: learner.name, ...course })));
  const atRiskRows = learners.filter((learner) => learner.is_at_risk);
  return [
    h("h1", {}, summary?.name ?? "Class"),
    chartCard("Mastery", "mastery", [
      { name: "name", label: "Learner" }, { name: "course", label: "Course" }, { name: "level", label: "Level", format: words },
      { name: "knowledge", label: "Knowledge", numeric: true, format: rate }, { name: "evidence", label: "Evidence", numeric: true },
    ], cells, { wide: true }),
    riskCard("At risk in this class", atRiskRows),
  ];
}

function riskCard(title, rows) {
  const element = card(title, rows.length ? table(LEARNER_COLUMNS, rows, { caption: `${number(rows.length)} learners` }) : emptyState("Nobody is at risk."));
  element.tools.append(csvButton(title, [...LEARNER_COLUMNS], rows.map((row) => ({ ...row, reasons: row.reasons.join(" ") }))));
  return element;
}

export async function atRisk({ filters, setFilters }) {
  const { data: classes } = await get("/classes/");
  const chosen = filters.class ?? classes.find((item) => item.at_risk > 0)?.class_id ?? classes[0]?.class_id;
  const rows = chosen ? (await get(`/classes/${chosen}/learners`)).data.filter((learner) => learner.is_at_risk) : [];
  return [
    h("div", { class: "head" }, h("h1", {}, "At risk"),
      h("div", { class: "filters" }, select("Class", "class", classes.map((item) => [item.class_id, `${item.name} (${number(item.at_risk)})`]), chosen, (value) => setFilters({ ...filters, class: value })))),
    riskCard("Learners at risk", rows),
  ];
}
