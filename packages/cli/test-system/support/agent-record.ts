import { existsSync, readFileSync } from "node:fs";
import { isObject } from "perdure/protocol";

/** What an asking agent wrote down, over all its processes. */
export interface AgentRecord {
  /** Process ids, in the order of their starts. */
  readonly pids: readonly number[];
  /** The questions that it asked, as its prompts name them, in the order in which it asked. */
  readonly asked: readonly string[];
  /** The answers that reached it, each as `<question> <option>`, in the order in which they came. */
  readonly answered: readonly string[];
}

/** Reads the record of an asking agent. Each answer is matched to its question by the number of the agent's request. */
export function readAgentRecord(path: string): AgentRecord {
  const pids = new Set<number>();
  const questions = new Map<string, string>();
  const answered: string[] = [];
  for (const { pid, way, message } of linesOf(path)) {
    pids.add(pid);
    const request = `${pid} ${String(message["id"])}`;
    const question = questionIn(message);
    if (way === "out" && question !== undefined) questions.set(request, question);
    const asked = questions.get(request);
    if (way === "in" && asked !== undefined && message["method"] === undefined)
      answered.push(`${asked} ${answerIn(message)}`);
  }
  return { pids: [...pids], asked: [...questions.values()], answered };
}

interface Line {
  readonly pid: number;
  readonly way: string;
  readonly message: Readonly<Record<string, unknown>>;
}

function linesOf(path: string): readonly Line[] {
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  // A line that is being written has no end yet.
  const whole = text.split("\n").slice(0, -1);
  return whole.map((line) => {
    const { pid, way, message } = objectOf(JSON.parse(line));
    return { pid: Number(pid), way: String(way), message: objectOf(message) };
  });
}

function questionIn({ method, params }: Line["message"]): string | undefined {
  if (method !== "session/request_permission") return undefined;
  const { title, rawInput } = objectOf(objectOf(params)["toolCall"]);
  return `${String(title)}:${String(objectOf(rawInput)["input"])}`;
}

/** The option that was chosen; else what came instead, as JSON. */
function answerIn({ result, error }: Line["message"]): string {
  const outcome = isObject(result) && isObject(result["outcome"]) ? result["outcome"] : {};
  const { optionId } = outcome;
  return typeof optionId === "string" ? optionId : JSON.stringify(error ?? outcome);
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  if (isObject(value)) return value;
  throw new Error(`This is no object: ${JSON.stringify(value)}`);
}
