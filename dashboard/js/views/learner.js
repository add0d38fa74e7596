import { get } from "../api.js";
import { emptyState, tag, tile, tiles } from "../components.js";
import { h } from "../dom.js";
import { days, number, percent, words } from "../format.js";
import { subjectCards } from "./me.js";

export async function show({ rest }) {
  if (!rest[0]) return [h("h1", {}, "Learner"), emptyState("Choose a learner from a list of a class.")];
  const [{ data: progress }, { data: subjects }] = await Promise.all([
    get("/analytics/student-progress", { student_id: rest[0] }),
    get(`/learners/${rest[0]}/mastery`),
  ]);
  const risk = progress.at_risk;
  return [
    h("div", { class: "head" }, h("h1", {}, subjects.name), risk.is_at_risk ? h("p", {}, risk.reasons.map((reason) => [tag(words(reason), "warn"), " "])) : tag("not at risk", "good")),
    tiles(
      tile("Overall progress", percent(progress.overall_progress)),
      tile("Lessons", number(progress.lessons_completed), `of ${number(progress.lessons_total)}`),
      tile("XP", number(progress.xp_total)),
      tile("Rank", number(progress.rank), "all time, own school"),
      tile("Streak", days(progress.current_streak_days), `longest ${days(progress.longest_streak_days)}`),
    ),
    subjectCards(subjects.subjects, "No lesson started and no quiz tried yet."),
  ];
}
