/** Parsing the lines of an export. A file is trusted for what it says, not for how it is made. */

import type { JsonObject, WireEvent } from "../protocol/index.ts";
import { deltaOf, isChunk, isObject, PerdureError } from "../protocol/index.ts";
import type { CopyBase, CopyHeader, CopyLine } from "./copy-lines.ts";
import { EXPORT_VERSION } from "./export-session.ts";

/** The header of a copy, from the first line. Throws `bad_request`, or `unsupported_version` for a file of a later version. */
export function parseExportHeader(value: unknown): CopyHeader {
  if (!isObject(value) || value["perdure"] !== "session" || typeof value["session"] !== "string")
    throw refused(1, "it is no export of a session");
  if (value["v"] !== EXPORT_VERSION)
    throw new PerdureError(
      "unsupported_version",
      `This server reads exports of version ${EXPORT_VERSION}; update it.`,
    );
  const { session, position, floor, base } = value;
  if (!isPosition(position) || !isPosition(floor) || floor > position)
    throw refused(1, "its positions make no sense");
  return { session, position, floor, base: parseBase(base, floor) };
}

/** One of the lines after the header; `number` counts from 1. Throws `bad_request`. */
export function parseExportLine(value: unknown, number: number): CopyLine {
  if (isObject(value)) {
    const { message, approval, event, position } = value;
    if (isMessage(message)) return { message } as CopyLine;
    if (isPosition(position) && isApproval(approval)) return { position, approval } as CopyLine;
    if (isPosition(position) && position > 0 && isObject(event) && isEvent(event))
      return { position, event: event as WireEvent };
  }
  throw refused(number, "it is no message, approval or event");
}

function parseBase(base: unknown, floor: number): CopyBase | null {
  if (base === null && floor === 0) return null;
  if (
    !isObject(base) ||
    !isObject(base["meta"]) ||
    !Array.isArray(base["tasks"]) ||
    typeof base["lifecycle"] !== "string"
  )
    throw refused(1, "it does not say what the state was at its floor");
  return base as unknown as CopyBase;
}

function isMessage(value: unknown): boolean {
  if (!isObject(value) || !isPosition(value["position"]) || !isTime(value["at"])) return false;
  const { message } = value;
  return isObject(message) && typeof message["id"] === "string" && Array.isArray(message["parts"]);
}

function isApproval(value: unknown): boolean {
  return (
    isObject(value) &&
    typeof value["approval"] === "string" &&
    typeof value["state"] === "string" &&
    Array.isArray(value["options"]) &&
    isTime(value["requestedAt"])
  );
}

/** A chunk, or a control event, also of a type that this version does not know; a run must add up. */
function isEvent(event: JsonObject): boolean {
  const { type, splits, at } = event;
  if (typeof type !== "string") return false;
  if (!isChunk(event)) return /^\w+\./.test(type) && isTime(at) && splits === undefined;
  if (splits === undefined) return true;
  const length = deltaOf(event)?.text.length;
  return (
    Array.isArray(splits) &&
    splits.length > 0 &&
    splits.every(isPosition) &&
    splits.reduce((sum: number, one: number) => sum + one, 0) === length
  );
}

const isPosition = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

const isTime = isPosition;

const refused = (line: number, why: string) =>
  new PerdureError("bad_request", `Line ${line} of the file cannot be used: ${why}.`, { line });
