import type { ControlEvent, Message, SessionEvent, TaskStatus } from "perdure/protocol";
import { isControl, textOf } from "perdure/protocol";
import { printable, printableLines } from "./text-table.ts";

/** How a task's status looks in a list. */
const MARKS: Readonly<Record<TaskStatus, string>> = {
  pending: " ",
  running: ">",
  done: "x",
  failed: "!",
  cancelled: "-",
};

type ContentEvent = Exclude<SessionEvent, ControlEvent>;

/** Writes a session's events as a person reads them: each call returns what to print next, without a line break of its own. */
export class SessionPrinter {
  #isAtLineStart = true;
  readonly #toolTitles = new Map<string, string>();

  /** The text of one more event; often nothing. */
  print(event: SessionEvent): string {
    return isControl(event) ? this.#control(event) : this.#content(event);
  }

  /** A whole message, as after a reset. */
  printMessage(message: Message): string {
    const who = message.role === "user" ? "you" : "agent";
    return this.#line(`${who}: ${printableLines(textOf(message))}`);
  }

  /** Ends a line that is still open. */
  finish(): string {
    return this.#freshLine();
  }

  #control(event: ControlEvent): string {
    switch (event.type) {
      case "turn.queued":
        return this.#line(`${printable(event.by)}: ${printableLines(textOf(event.message))}`);
      case "turn.ended":
        if (event.outcome === "completed" && event.reason === undefined) return this.#freshLine();
        return this.#line(`[turn ${event.outcome}${reasonOf(event.reason)}]`);
      case "turn.retried":
        return this.#line(`[turn begun again: ${event.why}]`);
      case "approval.requested": {
        const options = event.options.map((option) => option.id).join(", ");
        return this.#line(
          `[approval ${event.approval}: ${printable(event.title)} (${printable(options)})]`,
        );
      }
      case "approval.decided":
        return this.#line(
          `[approval ${event.approval}: ${printable(event.option)}, by ${printable(event.by)}${reasonOf(event.reason)}]`,
        );
      case "approval.closed":
        return this.#line(`[approval ${event.approval}: ${event.why}]`);
      case "runner.started":
        return this.#line(`[runner: ${printable(event.agent.name)}, context ${event.restored}]`);
      case "runner.waking": {
        const { attempt, of, reason } = event;
        return this.#line(`[waking a runner: attempt ${attempt} of ${of}${reasonOf(reason)}]`);
      }
      case "runner.unreachable":
        return this.#line(`[no runner could be woken${reasonOf(event.reason)}]`);
      case "session.forked":
      case "session.imported": {
        const [, how] = event.type.split(".");
        return this.#line(`[${how} from ${event.from}, up to position ${event.position}]`);
      }
      case "session.lifecycle":
        return this.#line(
          `[session ${event.state}${event.why === undefined ? "" : `: ${event.why}`}]`,
        );
      case "turn.stalled":
        return this.#line("[the runner is gone; the turn waits for it]");
      case "turn.resumed":
        return this.#line("[the runner is back]");
      case "tasks.changed": {
        const tasks = event.tasks.map((task) => `[${MARKS[task.status]}] ${printable(task.title)}`);
        return tasks.length === 0 ? "" : this.#line(tasks.join("\n"));
      }
      case "task.changed":
        return this.#line(`[${MARKS[event.task.status]}] ${printable(event.task.title)}`);
      case "session.joined":
        return this.#line(`[${printable(event.subject)} joined as ${event.role}]`);
      case "session.invited":
      case "session.revoked":
      case "session.created":
      case "session.meta":
      case "turn.cancelling":
      case "command.begun":
        return "";
    }
  }

  #content(event: ContentEvent): string {
    const { type } = event;
    if (type === "text-start") return this.#openLine("agent: ");
    if (type === "reasoning-start") return this.#openLine("thinks: ");
    if (type === "text-delta" || type === "reasoning-delta") return this.#text(event.delta);
    if (type === "text-end" || type === "reasoning-end") return this.#freshLine();
    if (type === "tool-input-available") {
      this.#toolTitles.set(event.toolCallId, event.title ?? event.toolName);
      return this.#toolLine(event.toolCallId, "…");
    }
    if (type === "tool-output-available" && event.preliminary !== true) {
      return this.#toolLine(event.toolCallId, "done");
    }
    if (type === "tool-output-error") {
      return this.#toolLine(event.toolCallId, `failed${reasonOf(event.errorText)}`);
    }
    return type === "tool-output-denied" ? this.#toolLine(event.toolCallId, "rejected") : "";
  }

  #toolLine(toolCallId: string, what: string): string {
    return this.#line(`[${printable(this.#toolTitles.get(toolCallId) ?? "tool")}: ${what}]`);
  }

  #text(delta: string): string {
    const text = printableLines(delta);
    if (text !== "") this.#isAtLineStart = text.endsWith("\n");
    return text;
  }

  #freshLine(): string {
    const isAtLineStart = this.#isAtLineStart;
    this.#isAtLineStart = true;
    return isAtLineStart ? "" : "\n";
  }

  #openLine(start: string): string {
    const line = `${this.#freshLine()}${start}`;
    this.#isAtLineStart = false;
    return line;
  }

  #line(text: string): string {
    return `${this.#freshLine()}${text}\n`;
  }
}

const reasonOf = (reason: string | undefined) =>
  reason === undefined ? "" : `: ${printable(reason)}`;
