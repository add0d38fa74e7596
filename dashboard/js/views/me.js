import { get } from "../api.js";
import { chartCard } from "../charts.js";
import { card, tag, table, tile, tiles } from "../components.js";
import { h } from "../dom.js";
import { date, days, number, percent, rate, words } from "../format.js";

const LEVEL_TONES = { mastered: "good", proficient: "good", developing: "warn", beginning: "bad", not_enough_data: "" };

export async function week() {
  const [{ data: xp }, { data: progress }] = await Promise.all([get("/analytics/weekly_xp"), get("/analytics/student-progress")]);
  return [
    h("h1", {}, "My week"),
    tiles(
      tile("XP in 7 days", number(xp.week_total), `${number(xp.daily_average)} a day`),
      tile("Streak", days(xp.streak_days), `longest ${days(progress.longest_streak_days)}`),
      tile("Lessons completed", number(progress.lessons_completed), `of ${number(progress.lessons_total)}`),
      tile("Rank", number(progress.rank), "all time, my school"),
    ),
    chartCard("XP by day", "week", [
      { name: "date", label: "Date", format: date }, { name: "weekday", label: "Day" }, { name: "xp", label: "XP", numeric: true },
    ], xp.days.map((day) => ({ ...day, day: date(day.date) })), { wide: true, note: period(xp.days), empty: xp.days.some((day) => day.xp) ? null : "No XP in these seven days. The next lesson or quiz puts a bar here." }),
  ];
}

function period(days) {
  return `${date(days[0].date)} to ${date(days.at(-1).date)}, dates of my school`;
}

export const MASTERY_COLUMNS = [
  { name: "subject", label: "Subject" },
  { name: "level", label: "Level", cell: (row) => tag(words(row.level), LEVEL_TONES[row.level] ?? "") },
  { name: "mastery", label: "Progress", numeric: true, format: percent },
  { name: "knowledge", label: "Knowledge", numeric: true, format: rate },
  { name: "retained", label: "Retained", numeric: true, format: rate },
  { name: "evidence", label: "Evidence", numeric: true },
  { name: "topics_completed", label: "Lessons done", numeric: true }, { name: "topics_total", label: "of", numeric: true },
];

export function subjectCards(subjects, nothing) {
  const list = card("By subject", table(MASTERY_COLUMNS, subjects, { caption: "Levels count the first try at each quiz; with fewer than three there is not enough to say.", empty: nothing }));
  if (!subjects.length) return list;
  return h("div", { class: "stack" }, chartCard("Progress by subject", "subjects", MASTERY_COLUMNS, subjects), list);
}

export async function mastery() {
  const { data } = await get("/analytics/subject_mastery");
  return [h("h1", {}, "My mastery"), subjectCards(data, "Start a lesson or a quiz and it appears here.")];
}
