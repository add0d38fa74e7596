import { get } from "../api.js";
import { chartCard } from "../charts.js";
import { card, delta, emptyState, live, part, table, tile, tiles, withheld } from "../components.js";
import { h } from "../dom.js";
import { addDays, ago, date, localDate, moment, number, percent, rate, words } from "../format.js";
import { DAILY_COLUMNS } from "./engagement.js";

const PERIOD_DAYS = 30;
const NOW_SECONDS = 5;

export async function show({ who }) {
  const { data, meta } = await get("/analytics/overview");
  const seesPeople = who.role !== "analyst";
  return [
    h("div", { class: "head" }, h("h1", {}, "Overview")),
    standing(data),
    withheld(meta),
    seesPeople ? part(() => period(meta.as_of)) : null,
    h("div", { class: "grid" },
      who.role === "admin" ? part(daily, { wide: true }) : null,
      live(now, NOW_SECONDS, { wide: true })),
    seesPeople ? h("div", { class: "grid thirds" }, part(top), part(completed)) : null,
  ];
}

function standing(data) {
  return tiles(
    tile("Students", number(data.students_total), `${number(data.students_active)} active in 30 days`),
    tile("Engagement rate", rate(data.engagement_rate), "of students, 30 days"),
    tile("Attendance rate", rate(data.attendance_rate), "of enrolments still active"),
    tile("Active classes", number(data.classes_active)),
    tile("Average completion", percent(data.average_completion), "over all progress"),
    tile("Average quiz score", percent(data.average_quiz_score)),
    tile("Quizzes", number(data.assignments?.quizzes_total), `${number(data.assignments?.attempts_completed)} of ${number(data.assignments?.attempts_total)} attempts completed`),
  );
}

// Both periods are asked of the same endpoint with dates of their own, so that the change compares like with like.
async function period(asOf) {
  const last = localDate(asOf);
  const first = addDays(last, 1 - PERIOD_DAYS);
  const [{ data: current }, { data: before }] = await Promise.all([
    get("/analytics/summary", { start_date: first, end_date: last }),
    get("/analytics/summary", { start_date: addDays(first, -PERIOD_DAYS), end_date: addDays(first, -1) }),
  ]);
  const compared = (label, now, then, format = number) => tile(label, format(now), delta(now, then, `against ${format(then)}`));
  return [
    h("h2", { class: "section" }, `Last ${PERIOD_DAYS} days, against the ${PERIOD_DAYS} before`),
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

async function daily() {
  const { data } = await get("/analytics/trends/engagement", { days: PERIOD_DAYS });
  return chartCard("Active users", "engagement", DAILY_COLUMNS, data.daily, { note: `By day, ${date(data.daily[0]?.date)} to ${date(data.daily.at(-1)?.date)}` });
}

// The snapshot's figures stand on their own feet: without the source only this card has nothing to show.
async function now() {
  try {
    return happening(await get("/analytics/realtime"));
  } catch (error) {
    if (error.status !== 503) throw error;
    return card("Now", emptyState(`Live figures are not to be had: ${error.message}`));
  }
}

function happening({ data, meta }) {
  return card("Now",
    tiles(
      tile("Active now", number(data.active_users), "in the last 5 minutes"),
      tile("Activities today", number(data.activities_today), `source read ${ago(data.observed_at)}`),
    ),
    withheld(meta),
    data.recent_activities.length ? table([
      { name: "user_name", label: "Who" },
      { name: "event_type", label: "What", format: words },
      { name: "lesson_title", label: "Lesson" },
      { name: "xp_earned", label: "XP", numeric: true },
      { name: "occurred_at", label: "When", format: ago },
    ], data.recent_activities, { caption: "Newest activities" }) : emptyState("Nothing has happened yet today."));
}

async function top() {
  const { data } = await get("/analytics/dashboard", { time_range: "week" });
  return card("Top of the week", table([
    { name: "rank", label: "Rank", numeric: true },
    { name: "name", label: "Learner", cell: learnerLink },
    { name: "xp", label: "XP", numeric: true },
  ], data.top_performers, { caption: "Most XP in seven days", empty: "Nobody has earned XP in the last seven days." }));
}

async function completed() {
  const { data } = await get("/analytics/dashboard", { time_range: "week" });
  return card("Just completed", table([
    { name: "name", label: "Learner", cell: learnerLink },
    { name: "lesson", label: "Lesson" },
    { name: "course", label: "Course" },
    { name: "completed_at", label: "When", format: moment },
  ], data.recent_completions, { caption: "Newest completed lessons", empty: "No lesson was completed in the last seven days." }));
}

export function learnerLink(row) {
  return row.user_id ? h("a", { href: `#/learner/${row.user_id}` }, row.name) : row.name;
}
