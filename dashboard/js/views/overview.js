import { get } from "../api.js";
import { card, part, table, tile, tiles } from "../components.js";
import { h } from "../dom.js";
import { addDays, change, moment, number, percent, rate, relativeChange } from "../format.js";

const PERIOD_DAYS = 30;

export async function show({ who }) {
  const overview = await get("/analytics/overview");
  const content = [h("div", { class: "head" }, h("h1", {}, "Overview")), standing(overview.data)];
  if (who.role !== "analyst") {
    content.push(part(() => period(overview.meta.as_of)), part(recent));
  }
  return content;
}

function standing(data) {
  return tiles(
    tile("Students", number(data.students_total), `${number(data.students_active)} active in 30 days`),
    tile("Engagement rate", rate(data.engagement_rate)),
    tile("Attendance rate", rate(data.attendance_rate)),
    tile("Active classes", number(data.classes_active)),
    tile("Average completion", percent(data.average_completion)),
    tile("Average quiz score", percent(data.average_quiz_score)),
    tile("Quizzes", number(data.assignments?.quizzes_total), `${number(data.assignments?.attempts_completed)} of ${number(data.assignments?.attempts_total)} attempts completed`),
  );
}

// Both periods are asked of the same endpoint, so that the change compares like with like.
async function period(asOf) {
  const { data: current, meta } = await get("/analytics/summary");
  const today = (meta.as_of ?? asOf).slice(0, 10);
  const end = addDays(today, -PERIOD_DAYS);
  const { data: before } = await get("/analytics/summary", { start_date: addDays(end, 1 - PERIOD_DAYS), end_date: end });
  const compared = (label, now, then, format = number) =>
    tile(label, format(now), `${change(relativeChange(now, then))} against the ${PERIOD_DAYS} days before`);
  return [
    h("h2", {}, `Last ${PERIOD_DAYS} days`),
    tiles(
      compared("Active users", current.users_active, before.users_active),
      compared("Activities", current.activities, before.activities),
      compared("XP", current.xp.total, before.xp.total),
      compared("Lessons completed", current.progress.completions, before.progress.completions),
      compared("Quiz attempts", current.quizzes.attempts_completed, before.quizzes.attempts_completed),
      compared("Quiz score", current.quizzes.average_score, before.quizzes.average_score, percent),
    ),
  ];
}

async function recent() {
  const { data } = await get("/analytics/dashboard", { time_range: "week" });
  const top = card("Top of the week", table([
    { name: "rank", label: "Rank", numeric: true },
    { name: "name", label: "Learner", cell: learnerLink },
    { name: "xp", label: "XP", numeric: true },
  ], data.top_performers, { caption: "Most XP in seven days" }));
  const completed = card("Just completed", table([
    { name: "name", label: "Learner", cell: learnerLink },
    { name: "lesson", label: "Lesson" },
    { name: "course", label: "Course" },
    { name: "completed_at", label: "When", format: moment },
  ], data.recent_completions, { caption: "Newest completed lessons" }));
  return h("div", { class: "grid" }, top, completed);
}

export function learnerLink(row) {
  return row.user_id ? h("a", { href: `#/learner/${row.user_id}` }, row.name) : row.name;
}
