// Which views there are, in the order of the navigation, and for whom.

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
  { name: "week", title: "My week", roles: [STUDENT], show: me.week },
  { name: "mastery", title: "My mastery", roles: [STUDENT], show: me.mastery },
  { name: "overview", title: "Overview", roles: [ADMIN, TEACHER, ANALYST], show: overview.show },
  { name: "classes", title: "Classes", roles: [ADMIN, TEACHER], show: classes.show },
  { name: "at-risk", title: "At risk", roles: [ADMIN, TEACHER], show: classes.atRisk },
  { name: "engagement", title: "Engagement", roles: [ADMIN], show: engagement.show },
  { name: "retention", title: "Retention", roles: [ADMIN], show: engagement.retention },
  { name: "content", title: "Content", roles: [ADMIN, TEACHER], show: content.show },
  { name: "leaderboard", title: "Leaderboard", roles: [ADMIN, TEACHER, STUDENT, ANALYST], show: leaderboard.show },
  { name: "compliance", title: "Compliance", roles: [ADMIN], show: compliance.show },
  { name: "users", title: "Users", roles: [ADMIN], show: users.show },
  { name: "schools", title: "Schools", roles: [ADMIN, TEACHER], show: schools.show },
  { name: "desk", title: "SQL desk", roles: [ADMIN, ANALYST], show: desk.show },
  { name: "marts", title: "Marts", roles: [ADMIN, TEACHER, ANALYST], show: marts.show },
  { name: "builds", title: "Builds and quality", roles: [ADMIN, ANALYST], show: builds.show },
  { name: "learner", title: "Learner", roles: [ADMIN, TEACHER], show: learner.show, hidden: true },
];

export function allowed(role) {
  return VIEWS.filter((view) => view.roles.includes(role));
}
