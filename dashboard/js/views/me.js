import { get } from "../api.js";
import { chartCard } from "../charts.js";
import { card, tag, table, tile, tiles } from "../components.js";
import { h } from "../dom.js";
import { date, number, percent, rate, words } from "../format.js";

export const LEVEL_TONES = { mastered: "good", proficient: "good", developing: "warn", beginning: "bad", not_enough_data: "" };

export async function week() {
  const [{ data: xp }, { data: progress }] = await Promise.all([get("/analytics/weekly_xp"), get("/analytics/student-progress")]);
  return [
    h("h1", {}, "My week"),
    tiles(
      tile("XP in 7 days", number(xp.week_total), `${number(xp.daily_average)} a day`),
      tile("Streak", `${number(xp.streak_days)} days`, `longest ${number(progress.longest_streak_days)}`),
      tile("Lessons completed", number(progress.lessons_completed), `of ${number(progress.lessons_total)}`),
      tile("Rank", number(progress.rank), "all time, my school"),
    ),
    chartCard("XP by day", "week", [
      { name: "date", label: "Date", format: date }, { name: "weekday", label: "Day" }, { name: "xp", label: "XP", numeric: true },
    ], xp.days, { wide: true }),
  ];
}

export const MASTERY_COLUMNS = [
  { name: "subject", label: "Subject" },
  { name: "level", label: "Level", cell: (row) => tag(words(row.level), LEVEL_TONES[row.level] ?? "") },
  { name: "mastery", label: "Progress", numeric: true, format: percent },
  { name: "knowledge", label: "Knowledge", numeric: true, format: rate },
  { name: "retained", label: "Retained", numeric: true, format: rate },
  { name: "evidence", label: "Evidence", numeric: true },
  { name: "topics_completed", label: "Lessons", numeric: true, cell: (row) => `${number(row.topics_completed)} / ${number(row.topics_total)}` },
];

export async function mastery() {
  const { data } = await get("/analytics/subject_mastery");
  return [
    h("h1", {}, "My mastery"),
    card("By subject", table(MASTERY_COLUMNS, data, { caption: "Levels count the first try at each quiz; with fewer than three there is not enough to say.", empty: "Start a lesson or a quiz and it appears here." })),
  ];
}
