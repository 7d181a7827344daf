import { randomUUID } from "node:crypto";
import { Command } from "commander";
import type { ApprovalOption, JsonObject } from "perdure/protocol";
import { isObject } from "perdure/protocol";
import type { ConnectionOptions } from "./connection.ts";
import { sessionId, withConnectionOptions } from "./connection.ts";
import { CommandFailure, EXIT } from "./failure.ts";
import { HttpApi } from "./http-api.ts";
import { ago, printable, table } from "./text-table.ts";

interface ApproveOptions extends ConnectionOptions {
  readonly option?: string;
  readonly reason?: string;
  readonly id?: string;
  readonly json?: boolean;
}

/** `perdure approve`: lists open questions, or decides one. */
export function approveCommand(): Command {
  return withConnectionOptions(new Command("approve"))
    .description("decide an approval; without one, list those that wait")
    .argument("<session>", "session", sessionId)
    .argument("[approval]", "id of the approval")
    .option("--option <option>", "allow, reject, or the id of one of its options")
    .option("--reason <text>", "why, for the record")
    .option("--id <id>", "id of this command: sent again with it, it has no second effect")
    .option("--json", "list as one JSON object a line")
    .action(async (session: string, approval: string | undefined, options: ApproveOptions) => {
      const api = new HttpApi(options, { role: "participant", session });
      const pending = await pendingApprovals(api, session);
      if (approval === undefined) return list(pending, options.json === true);
      await decide(api, session, approval, pending, options);
    });
}

async function pendingApprovals(api: HttpApi, session: string): Promise<readonly JsonObject[]> {
  const pending: JsonObject[] = [];
  for (let page = ""; ;) {
    const answer = await api.get(`v1/sessions/${session}/approvals?state=pending${page}`);
    const { approvals, next } = isObject(answer) ? answer : {};
    if (Array.isArray(approvals)) pending.push(...approvals.filter(isObject));
    if (typeof next !== "number") return pending;
    page = `&before=${next}`;
  }
}

function list(pending: readonly JsonObject[], asJson: boolean): void {
  if (asJson) {
    for (const approval of pending) console.log(JSON.stringify(approval));
    return;
  }
  if (pending.length === 0) return console.error("No approval waits.");
  const rows = pending.map((approval) => [
    String(approval["approval"]),
    String(approval["title"]),
    ago(Number(approval["requestedAt"]), Date.now()),
    optionsOf(approval)
      .map((option) => option.id)
      .join(", "),
  ]);
  console.log(table(["APPROVAL", "QUESTION", "ASKED", "OPTIONS"], rows));
}

async function decide(
  api: HttpApi,
  session: string,
  approval: string,
  pending: readonly JsonObject[],
  { option, reason, id = randomUUID() }: ApproveOptions,
): Promise<void> {
  const question = pending.find((one) => one["approval"] === approval);
  const offered = question === undefined ? [] : optionsOf(question);
  if (option === undefined) {
    throw new CommandFailure(
      `Say what to decide with --option: ${offered.map((one) => one.id).join(", ") || "allow or reject"}.`,
      EXIT.usage,
    );
  }
  const chosen = chooseOption(offered, option);
  // A question that no longer waits is the server's to explain: it knows who decided it.
  if (question !== undefined && chosen === undefined) {
    throw new CommandFailure(
      `The approval has no option ${JSON.stringify(option)}, only ${offered.map((one) => one.id).join(", ")}.`,
      EXIT.usage,
    );
  }
  await api.post(`v1/sessions/${session}/approvals/${encodeURIComponent(approval)}`, {
    id,
    option: chosen?.id ?? option,
    reason,
  });
  const title = question === undefined ? "" : ` ${printable(String(question["title"]))}`;
  console.error(`decided:${title} → ${chosen?.name ?? option}`);
}

/** The option of that id; or, for `allow` and `reject`, the one that reaches least far. */
export function chooseOption(
  options: readonly ApprovalOption[],
  wanted: string,
): ApprovalOption | undefined {
  const exact = options.find((option) => option.id === wanted);
  if (exact !== undefined || (wanted !== "allow" && wanted !== "reject")) return exact;
  return (
    options.find((option) => option.kind === `${wanted}_once`) ??
    options.find((option) => option.kind === `${wanted}_always`)
  );
}

function optionsOf(approval: JsonObject): readonly ApprovalOption[] {
  const { options } = approval;
  return Array.isArray(options) ? (options.filter(isObject) as unknown as ApprovalOption[]) : [];
}
