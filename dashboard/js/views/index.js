// Which views there are, in the order of the navigation, and for whom. One without a group is reached by links alone.
// A view's module comes when it is first shown: the first view need not wait for all the others.

const ADMIN = "admin";
const TEACHER = "teacher";
const STUDENT = "student";
const ANALYST = "analyst";

export const VIEWS = [
  { name: "week", title: "My week", group: "Learning", roles: [STUDENT], module: "me", shows: "week" },
  { name: "mastery", title: "My mastery", group: "Learning", roles: [STUDENT], module: "me", shows: "mastery" },
  { name: "overview", title: "Overview", group: "Learning", roles: [ADMIN, TEACHER, ANALYST], module: "overview", shows: "show" },
  { name: "classes", title: "Classes", group: "Learning", roles: [ADMIN, TEACHER], module: "classes", shows: "show" },
  { name: "at-risk", title: "At risk", group: "Learning", roles: [ADMIN, TEACHER], module: "classes", shows: "atRisk" },
  { name: "leaderboard", title: "Leaderboard", group: "Learning", roles: [ADMIN, TEACHER, STUDENT, ANALYST], module: "leaderboard", shows: "show" },
  { name: "engagement", title: "Engagement", group: "Trends", roles: [ADMIN], module: "engagement", shows: "show" },
  { name: "retention", title: "Retention", group: "Trends", roles: [ADMIN], module: "engagement", shows: "retention" },
  { name: "content", title: "Content", group: "Trends", roles: [ADMIN, TEACHER], module: "content", shows: "show" },
  { name: "compliance", title: "Compliance", group: "Platform", roles: [ADMIN], module: "compliance", shows: "show" },
  { name: "users", title: "Users", group: "Platform", roles: [ADMIN], module: "users", shows: "show" },
  { name: "schools", title: "Schools", group: "Platform", roles: [ADMIN, TEACHER], module: "schools", shows: "show" },
  { name: "desk", title: "SQL desk", group: "Data", roles: [ADMIN, ANALYST], module: "desk", shows: "show", keeps: true, platform: true },
  { name: "marts", title: "Marts", group: "Data", roles: [ADMIN, TEACHER, ANALYST], module: "marts", shows: "show" },
  { name: "metrics", title: "Metrics", group: "Data", roles: [ADMIN, TEACHER, ANALYST], module: "marts", shows: "metrics" },
  { name: "builds", title: "Builds and quality", group: "Data", roles: [ADMIN, ANALYST], module: "builds", shows: "show" },
  { name: "learner", title: "Learner", roles: [ADMIN, TEACHER], module: "learner", shows: "show" },
];

export function allowed(who) {
  const isOfSchool = who.role === ADMIN && who.school_id;
  return VIEWS.filter((view) => view.roles.includes(who.role) && !(view.platform && isOfSchool));
}
