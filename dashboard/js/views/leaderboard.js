import { get } from "../api.js";
import { card, select, table, tile, tiles } from "../components.js";
import { h } from "../dom.js";
import { counted, date, number, percent } from "../format.js";
import { learnerLink } from "./overview.js";

const STAFF = ["admin", "teacher"];
const TIMEFRAMES = [["day", "Today"], ["week", "7 days"], ["month", "30 days"], ["all", "All time"]];

export async function show({ who, filters, setFilters }) {
  const timeframe = filters.timeframe ?? "week";
  const student = who.role === "student";
  const { data } = await get("/gamification/leaderboard", { timeframe, ...place(who, filters), limit: 20, around: student && filters.view !== "top" ? "me" : null });
  const choices = [select("Period", "timeframe", TIMEFRAMES, timeframe, (value) => setFilters({ ...filters, timeframe: value }))];
  if (student) choices.push(select("Show", "view", [["around", "Around me"], ["top", "The top"]], filters.view ?? "around", (view) => setFilters({ ...filters, view })));
  if (STAFF.includes(who.role)) choices.push(await classChoice(filters, setFilters));
  const me = data.current_user;
  return [
    h("div", { class: "head" }, h("h1", {}, "Leaderboard"), h("div", { class: "filters" }, choices)),
    me ? tiles(
      tile("My rank", number(me.rank), `of ${number(data.participants_total)}`), tile("My XP", number(me.xp)),
      tile("Ahead of", percent(me.percentile)), tile("To the next rank", number(me.xp_to_next_rank), me.xp_to_next_rank === null ? null : "XP"),
    ) : null,
    card(data.from ? `${date(data.from)} to ${date(data.to)}` : "All time", table([
      { name: "rank", label: "Rank", numeric: true },
      { name: "name", label: "Learner", cell: student ? undefined : learnerLink },
      { name: "xp", label: "XP", numeric: true },
    ], data.entries, { caption: counted(data.participants_total, "participant"), rowClass: (row) => (row.is_current_user ? "me" : null), empty: "Nobody has earned XP in this period." })),
  ];
}

function place(who, filters) {
  if (filters.class) return { scope: "class", class_id: filters.class };
  return { scope: !who.school_id && ["admin", "analyst"].includes(who.role) ? "global" : "school" };
}

async function classChoice(filters, setFilters) {
  const { data: classes } = await get("/classes/");
  const choices = classes.map((item) => [item.class_id, `${item.name}, ${item.course ?? "no course"}`]);
  return select("Class", "class", [["", "Everybody"], ...choices], filters.class ?? "", (value) => setFilters({ ...filters, class: value }));
}
