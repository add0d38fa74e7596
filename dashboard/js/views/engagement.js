import { get, martRows } from "../api.js";
import { chartCard } from "../charts.js";
import { delta, select, tile, tiles } from "../components.js";
import { h } from "../dom.js";
import { addDays, change, date, number, rate } from "../format.js";

const DAY_CHOICES = [[7, "7 days"], [30, "30 days"], [90, "90 days"], [180, "180 days"], [365, "365 days"]];

export const DAILY_COLUMNS = [
  { name: "date", label: "Date", format: date }, { name: "active_users", label: "Day", numeric: true },
  { name: "wau", label: "7 days", numeric: true }, { name: "mau", label: "28 days", numeric: true },
  { name: "activities", label: "Activities", numeric: true }, { name: "xp", label: "XP", numeric: true },
  { name: "sessions", label: "Sessions", numeric: true },
];

export function daysFilter(filters, setFilters) {
  return select("Period", "days", DAY_CHOICES, filters.days ?? 30, (days) => setFilters({ ...filters, days }));
}

export async function show({ filters, setFilters }) {
  const { data } = await get("/analytics/trends/engagement", { days: filters.days ?? 30 });
  const first = data.daily[0]?.date;
  const last = data.daily.at(-1)?.date;
  const lifecycle = first ? perDate(await martRows("engagement_daily", {
    activity_date: `ge.${first}`, columns: "school_key,activity_date,new_users,returning_users,resurrected_users,dormant_users",
  }), last) : [];
  return [
    h("div", { class: "head" }, h("h1", {}, "Engagement"), h("div", { class: "filters" }, daysFilter(filters, setFilters))),
    tiles(
      ...newest(data.daily),
      tile("Average daily users", number(data.summary.average_dau)),
      tile("Busiest day", number(data.summary.peak_dau), date(data.summary.peak_date)),
      tile("Activities", number(data.summary.activities)),
      tile("Growth", change(data.summary.growth_rate), "last week against the first"),
    ),
    h("div", { class: "grid" },
      chartCard("Active users", "engagement", DAILY_COLUMNS, data.daily, { wide: true }),
      chartCard("Stickiness", "stickiness", [
        { name: "date", label: "Date", format: date }, { name: "stickiness", label: "Stickiness", numeric: true, format: rate },
      ], data.daily),
      chartCard("Lifecycle", "lifecycle", [
        { name: "activity_date", label: "Date", format: date }, { name: "new_users", label: "New", numeric: true },
        { name: "returning_users", label: "Returning", numeric: true }, { name: "resurrected_users", label: "Resurrected", numeric: true },
        { name: "dormant_users", label: "Dormant", numeric: true },
      ], lifecycle, { note: "Windows of 28 days ending on each date." })),
  ];
}

// The last date's figures, each against the same figure one window earlier where the period reaches so far back.
function newest(daily) {
  const today = daily.at(-1);
  if (!today) return [];
  const against = (name, back) => {
    const before = daily.at(-1 - back)?.[name];
    return before === undefined ? date(today.date) : delta(today[name], before, `in ${back} days`);
  };
  return [
    tile("Daily users (DAU)", number(today.active_users), `${date(today.date)}, so far`),
    tile("7 days (WAU)", number(today.wau), against("wau", 7)),
    tile("28 days (MAU)", number(today.mau), against("mau", 28)),
    tile("Stickiness (DAU / MAU)", rate(today.stickiness), date(today.date)),
  ];
}

// A user belongs to one school, so that figures of schools on one date add up.
function perDate(rows, last) {
  const dates = new Map();
  for (const row of rows) {
    if (row.activity_date > last) continue;
    const sum = dates.get(row.activity_date) ?? { activity_date: row.activity_date, new_users: 0, returning_users: 0, resurrected_users: 0, dormant_users: 0 };
    for (const name of ["new_users", "returning_users", "resurrected_users", "dormant_users"]) sum[name] += row[name];
    dates.set(row.activity_date, sum);
  }
  return [...dates.values()].sort((a, b) => a.activity_date.localeCompare(b.activity_date));
}

export async function retention() {
  const rows = await martRows("engagement_retention", { columns: "school_key,cohort_week,week_number,cohort_size,active_learners" });
  const cells = new Map();
  for (const row of rows) {
    const key = `${row.cohort_week}/${row.week_number}`;
    const cell = cells.get(key) ?? { cohort_week: row.cohort_week.slice(0, 10), week_number: row.week_number, cohort_size: 0, active_learners: 0 };
    cell.cohort_size += row.cohort_size;
    cell.active_learners = cell.active_learners === null || row.active_learners === null ? null : cell.active_learners + row.active_learners;
    cells.set(key, cell);
  }
  const triangle = [...cells.values()]
    .map((cell) => ({ ...cell, cohort: `${date(cell.cohort_week)} (${number(cell.cohort_size)})`, retention_rate: cell.active_learners === null ? null : cell.active_learners / cell.cohort_size }))
    .sort((a, b) => a.cohort_week.localeCompare(b.cohort_week) || a.week_number - b.week_number);
  const since = triangle.length ? addDays(triangle.at(-1).cohort_week, -26 * 7) : "";
  return [
    h("h1", {}, "Retention"),
    chartCard("Learners who came back", "retention", [
      { name: "cohort_week", label: "First active week", format: date }, { name: "week_number", label: "Week", numeric: true },
      { name: "cohort_size", label: "Learners", numeric: true }, { name: "active_learners", label: "Active", numeric: true },
      { name: "retention_rate", label: "Share", numeric: true, format: rate },
    ], triangle.filter((cell) => cell.cohort_week >= since), { note: "A week that has not ended is empty, not zero.", wide: true }),
  ];
}
