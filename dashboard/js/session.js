// Who is looking. The token lives in this tab's session storage; it is read once from the fragment, which browsers never
// send to a server, and taken out of the address at once.

const KEY = "schoolhouse.token";

// True when there was one.
export function takeTokenFromFragment() {
  const match = /^#token=([^&]+)(?:&to=(.*))?$/.exec(location.hash);
  if (!match) return false;
  sessionStorage.setItem(KEY, match[1]);
  history.replaceState(null, "", `${location.pathname}#${match[2] ? decodeURIComponent(match[2]) : "/"}`);
  return true;
}

export function token() {
  return sessionStorage.getItem(KEY);
}

export function signIn(value) {
  sessionStorage.setItem(KEY, value.trim());
}

export function signOut() {
  sessionStorage.removeItem(KEY);
}

// The claims only choose what is shown; what may be seen is decided by the API.
export function claims() {
  if (!token()) return null;
  try {
    const payload = token().split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(payload), (character) => character.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}
