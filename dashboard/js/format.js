// Numbers by the reader's locale, times in the school's zone.

let zone = "UTC";

export function useZone(name) {
  try {
    new Intl.DateTimeFormat(undefined, { timeZone: name });
    zone = name;
  } catch {
    zone = "UTC";
  }
}

export const missing = "–";
const decimals = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const share = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 });
const signed = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1, signDisplay: "exceptZero" });

const unlessNull = (format) => (value) => (value === null || value === undefined ? missing : format(value));

export const number = unlessNull((value) => decimals.format(value));
export const percent = unlessNull((value) => share.format(value / 100));
export const rate = unlessNull((value) => share.format(value));
export const change = unlessNull((value) => signed.format(value));
export const date = unlessNull((value) =>
  new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeZone: "UTC" }).format(new Date(`${value.slice(0, 10)}T00:00Z`)),
);
const MOMENT = { year: "numeric", month: "short", day: "numeric", hour: "numeric", minute: "2-digit" };
export const moment = unlessNull((value) => new Intl.DateTimeFormat(undefined, { ...MOMENT, timeZone: zone }).format(new Date(value)));
// Once a page, a time says which zone it and all others are in.
export const momentAndZone = unlessNull((value) =>
  new Intl.DateTimeFormat(undefined, { ...MOMENT, timeZone: zone, timeZoneName: "short" }).format(new Date(value)),
);
const span = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
export const ago = unlessNull((value) => {
  const seconds = (new Date(value) - Date.now()) / 1000;
  const [size, unit] = [[86400, "day"], [3600, "hour"], [60, "minute"], [1, "second"]].find(([size]) => Math.abs(seconds) >= size) ?? [1, "second"];
  return span.format(Math.round(seconds / size), unit);
});
export const counted = (value, one, many = `${one}s`) => `${number(value)} ${value === 1 ? one : many}`;
export const days = unlessNull((value) => counted(value, "day"));
export const seconds = unlessNull((value) => `${number(value)} s`);
export const text = unlessNull(String);
export const words = unlessNull((value) => String(value).replaceAll("_", " "));
export const yesNo = unlessNull((value) => (value ? "yes" : "no"));

export function relativeChange(now, before) {
  return now === null || now === undefined || !before ? null : (now - before) / before;
}

export function addDays(isoDate, days) {
  const moved = new Date(`${isoDate}T00:00Z`);
  moved.setUTCDate(moved.getUTCDate() + days);
  return moved.toISOString().slice(0, 10);
}

// The date that a moment falls on in the school's zone, as YYYY-MM-DD.
export function localDate(value) {
  return new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeZone: zone }).format(new Date(value));
}

// How Vega writes numbers and dates: as the rest of the page does, in the reader's locale.
export function chartLocale() {
  const part = (type) => new Intl.NumberFormat().formatToParts(-1234567.8).find((found) => found.type === type)?.value ?? "";
  const names = (options, dates, type) => dates.map((date) =>
    new Intl.DateTimeFormat(undefined, { timeZone: "UTC", ...options }).formatToParts(date).find((found) => found.type === type).value);
  const weekdays = Array.from({ length: 7 }, (_, day) => Date.UTC(2023, 0, day + 1)); // a Sunday comes first
  const months = Array.from({ length: 12 }, (_, month) => Date.UTC(2023, month, 1));
  const whole = pattern({ dateStyle: "medium" });
  return {
    formatLocale: { decimal: part("decimal"), thousands: part("group"), grouping: [3], currency: ["", ""] },
    timeFormatLocale: {
      dateTime: `${whole} %H:%M`, date: whole, time: "%H:%M", periods: ["AM", "PM"],
      days: names({ weekday: "long" }, weekdays, "weekday"), shortDays: names({ weekday: "short" }, weekdays, "weekday"),
      months: names({ month: "long" }, months, "month"), shortMonths: names({ month: "short", day: "numeric" }, months, "month"),
    },
    day: pattern({ month: "short", day: "numeric" }),
  };
}

// The order and punctuation of a date, in D3's letters.
function pattern(options) {
  const letter = ({ type, value }) => ({ year: "%Y", month: /\d/.test(value) ? "%m" : "%b", day: "%-d" })[type] ?? value;
  return new Intl.DateTimeFormat(undefined, { timeZone: "UTC", ...options }).formatToParts(0).map(letter).join("");
}

export function csv(columns, rows) {
  const cell = (value) => {
    const plain = value === null || value === undefined ? "" : String(value);
    // A leading = + - @ would run as a formula in a spreadsheet; numbers are left alone.
    const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(plain) ? `'${plain}` : plain;
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return [columns.map((column) => cell(column.heading ?? column.name)), ...rows.map((row) => columns.map((column) => cell(row[column.name])))]
    .map((cells) => cells.join(","))
    .join("\r\n");
}
