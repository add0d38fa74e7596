// Which views there are, in the order of the navigation, and for whom. One without a group is reached by links alone.

import * as builds from "./builds.js";
import * as classes from "./classes.js";
import * as compliance from "./compliance.js";
import * as content from "./content.js";
import * as desk from "./desk.js";
import * as engagement from "./engagement.js";
import * as leaderboard from "./leaderboard.js";
import * as learner from "./learner.js";
import * as marts from "./marts.js";
import * as me from "./me.js";
import * as overview from "./overview.js";
import * as schools from "./schools.js";
import * as users from "./users.js";

const ADMIN = "admin";
const TEACHER = "teacher";
const STUDENT = "student";
const ANALYST = "analyst";

export const VIEWS = [
  { name: "week", title: "My week", group: "Learning", roles: [STUDENT], show: me.week },
  { name: "mastery", title: "My mastery", group: "Learning", roles: [STUDENT], show: me.mastery },
  { name: "overview", title: "Overview", group: "Learning", roles: [ADMIN, TEACHER, ANALYST], show: overview.show },
  { name: "classes", title: "Classes", group: "Learning", roles: [ADMIN, TEACHER], show: classes.show },
  { name: "at-risk", title: "At risk", group: "Learning", roles: [ADMIN, TEACHER], show: classes.atRisk },
  { name: "leaderboard", title: "Leaderboard", group: "Learning", roles: [ADMIN, TEACHER, STUDENT, ANALYST], show: leaderboard.show },
  { name: "engagement", title: "Engagement", group: "Trends", roles: [ADMIN], show: engagement.show },
  { name: "retention", title: "Retention", group: "Trends", roles: [ADMIN], show: engagement.retention },
  { name: "content", title: "Content", group: "Trends", roles: [ADMIN, TEACHER], show: content.show },
  { name: "compliance", title: "Compliance", group: "Platform", roles: [ADMIN], show: compliance.show },
  { name: "users", title: "Users", group: "Platform", roles: [ADMIN], show: users.show },
  { name: "schools", title: "Schools", group: "Platform", roles: [ADMIN, TEACHER], show: schools.show },
  { name: "desk", title: "SQL desk", group: "Data", roles: [ADMIN, ANALYST], show: desk.show, keeps: true, platform: true },
  { name: "marts", title: "Marts", group: "Data", roles: [ADMIN, TEACHER, ANALYST], show: marts.show },
  { name: "builds", title: "Builds and quality", group: "Data", roles: [ADMIN, ANALYST], show: builds.show },
  { name: "learner", title: "Learner", roles: [ADMIN, TEACHER], show: learner.show },
];

export function allowed(who) {
  const isOfSchool = who.role === ADMIN && who.school_id;
  return VIEWS.filter((view) => view.roles.includes(who.role) && !(view.platform && isOfSchool));
}
