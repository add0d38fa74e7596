// The public API. Answers are revalidated through ETag by the browser's own cache; nothing is kept here.

import { token } from "./session.js";

const BASE = "/api/v1";
const listeners = new Set();

export class ApiError extends Error {
  constructor(status, code, message, details) {
    super(message);
    Object.assign(this, { status, code, details });
  }
}

export function onMeta(listener) {
  listeners.add(listener);
}

export function address(path, params = {}) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) {
    if (value !== null && value !== undefined && value !== "") query.append(key, value);
  }
  const text = query.toString();
  return `${BASE}${path}${text ? `?${text}` : ""}`;
}

export async function send(path, { params, method = "GET", body, headers = {}, signal } = {}) {
  const answer = await fetch(address(path, params), {
    method,
    signal,
    // Asked again every time, which costs a 304: kept answers of different ages could be of two snapshots on one page.
    cache: "no-cache",
    headers: {
      Authorization: `Bearer ${token()}`,
      ...(body ? { "Content-Type": "application/json" } : {}),
      ...headers,
    },
    body: body ? JSON.stringify(body) : undefined,
  });
  if (!answer.ok) throw await failure(answer);
  return answer;
}

export async function get(path, params, signal) {
  const answer = await (await send(path, { params, signal })).json();
  if (answer.meta) for (const listener of listeners) listener(answer.meta);
  return answer;
}

export async function post(path, body, headers) {
  return (await send(path, { method: "POST", body, headers })).json();
}

// Every row of a mart that the filters leave, page by page.
export async function martRows(name, params = {}, most = 20000) {
  const rows = [];
  let next = null;
  do {
    const answer = await get(`/marts/${name}`, { limit: 1000, ...params, next });
    rows.push(...answer.data);
    next = answer.page?.next;
  } while (next && rows.length < most);
  return rows;
}

async function failure(answer) {
  let error = {};
  try {
    error = (await answer.json()).error ?? {};
  } catch {
    // A proxy's error page is not JSON; the status alone has to do.
  }
  return new ApiError(answer.status, error.code ?? "error", error.message ?? answer.statusText, error.details);
}
