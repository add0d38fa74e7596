import { get } from "../api.js";
import { chartCard } from "../charts.js";
import { card, table } from "../components.js";
import { h } from "../dom.js";
import { date, percent } from "../format.js";
import { daysFilter } from "./engagement.js";

export async function show({ filters, setFilters }) {
  const { data } = await get("/analytics/trends/content", { days: filters.days ?? 30 });
  return [
    h("div", { class: "head" }, h("h1", {}, "Content"), h("div", { class: "filters" }, daysFilter(filters, setFilters))),
    h("div", { class: "grid" },
      chartCard("Views and completions", "content", [
        { name: "date", label: "Date", format: date }, { name: "views", label: "Views", numeric: true },
        { name: "completions", label: "Completions", numeric: true },
      ], data.daily, { wide: true }),
      chartCard("Completion by course", "completion", [
        { name: "course", label: "Course" }, { name: "average_completion", label: "Average", numeric: true, format: percent },
        { name: "learners", label: "Learners", numeric: true }, { name: "completions", label: "Completions", numeric: true },
      ], data.completion_by_course),
      card("Most viewed", table([
        { name: "title", label: "Lesson" }, { name: "course", label: "Course" },
        { name: "views", label: "Views", numeric: true }, { name: "learners", label: "Learners", numeric: true },
      ], data.most_viewed, { caption: "Lessons by views" }))),
  ];
}
