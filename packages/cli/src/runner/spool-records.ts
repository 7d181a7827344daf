/** The lines of a spool file: a header, then one record an event. */

import { crc32 } from "node:zlib";
import { isObject } from "perdure/protocol";

/** First line of a spool file. */
export interface SpoolHeader {
  /** Random id of the spool. */
  readonly spool: string;
  /** Number of the first record. */
  readonly first: number;
}

/** The line of a header. */
export function headerLine(header: SpoolHeader): string {
  return lineOf(`"spool":${JSON.stringify(header.spool)},"first":${header.first}`);
}

/** The line of an event, `{"r":1,"crc":123,"e":{…}}`: the checksum is that of the event's JSON. */
export function recordLine(r: number, json: string): string {
  return `{"r":${r},"crc":${crc32(json)},"e":${json}}\n`;
}

/** The JSON of the event in a record, or undefined where the line is not the whole record `r`. */
export function eventJsonOf(line: string, r: number): string | undefined {
  const match = /^\{"r":(\d+),"crc":(\d+),"e":/.exec(line);
  if (match === null || Number(match[1]) !== r || !line.endsWith("}")) return undefined;
  const json = line.slice(match[0].length, -1);
  return crc32(json) === Number(match[2]) ? json : undefined;
}

/** The header in a line, or undefined where it is none or damaged. */
export function parseHeader(line: string): SpoolHeader | undefined {
  const match = /^\{"crc":(\d+),(.*)\}$/.exec(line);
  if (match === null || crc32(match[2] ?? "") !== Number(match[1])) return undefined;
  const value: unknown = JSON.parse(line);
  if (!isObject(value)) return undefined;
  const { spool, first } = value;
  return typeof spool === "string" && typeof first === "number" ? { spool, first } : undefined;
}

/** The number of the command in a `command.begun`, from its JSON; undefined for any other event. */
export function begunCommandOf(json: string): number | undefined {
  if (!json.startsWith('{"type":"command.begun"')) return undefined;
  const value: unknown = JSON.parse(json);
  if (!isObject(value) || value["type"] !== "command.begun") return undefined;
  return typeof value["command"] === "number" ? value["command"] : undefined;
}

const lineOf = (fields: string) => `{"crc":${crc32(fields)},${fields}}\n`;
