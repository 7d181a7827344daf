/** Milliseconds in each unit of a time on the command line. */
const MILLISECONDS_OF_UNIT: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/** A time such as 90s, 30m or 12h in milliseconds; NaN for anything else. */
export function millisecondsOf(text: string): number {
  const match = /^([1-9]\d{0,5})([smh])$/.exec(text);
  return Number(match?.[1]) * (MILLISECONDS_OF_UNIT[match?.[2] ?? ""] ?? Number.NaN);
}
