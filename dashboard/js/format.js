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
export const moment = unlessNull((value) =>
  new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short", timeZone: zone }).format(new Date(value)),
);
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

export function localDate(value) {
  return new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeZone: zone }).format(new Date(value));
}

export function csv(columns, rows) {
  const cell = (value) => {
    const plain = value === null || value === undefined ? "" : String(value);
    // A leading = + - @ would run as a formula in a spreadsheet; numbers are left alone.
    const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(plain) ? `'${plain}` : plain;
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return [columns.map((column) => cell(column.name)), ...rows.map((row) => columns.map((column) => cell(row[column.name])))]
    .map((cells) => cells.join(","))
    .join("\r\n");
}
