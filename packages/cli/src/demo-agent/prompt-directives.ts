/** What a prompt asks the demo agent to do. */
export interface PromptDirectives {
  /** `tokens=N`: how many chunks of generated text to stream; `undefined` when the prompt does not say. */
  readonly tokens: number | undefined;
  /** `rate=N`: chunks each second; 0 streams as fast as the client reads. Default 60. */
  readonly rate: number;
  /** The edits to propose, each with a question of its own, all asked at once. Empty when the prompt asks for none. */
  readonly edits: readonly ProposedEdit[];
  /** `plan`: report a plan and its progress. */
  readonly plan: boolean;
  /** `think`: think aloud before the answer. */
  readonly think: boolean;
  /** `unknown`: send an update and a notification of kinds that clients do not know. */
  readonly unknown: boolean;
  /** `usage`: report the size of the context at the end. */
  readonly usage: boolean;
  /** `fail`: end the turn with an error. */
  readonly fail: boolean;
}

/** One line that the agent proposes to add to a file in the session's folder. */
export interface ProposedEdit {
  /** A plain file name, never a path. */
  readonly fileName: string;
  /** The line, with its line break. */
  readonly line: string;
}

const DEFAULT_RATE = 60;
const MAXIMUM_RATE = 10_000;
const MAXIMUM_TOKENS = 100_000;
const MAXIMUM_QUESTIONS = 10;

/** `edit` and its everyday synonyms, anywhere in a sentence. */
const WANTS_EDIT = /\b(?:edit|change|fix)\b/i;

/**
 * Reads the directives out of a prompt's text.
 *
 * `edit`, "change" and "fix" count anywhere in a sentence; every other directive only as a lower-case word between spaces, so
 * that "Why did it fail?" is an ordinary question. Numbers past the limits (100,000 tokens, 10,000 a second, 10 questions) are
 * cut to the limit; anything that is not a whole number is ignored.
 */
export function parsePromptDirectives(prompt: string): PromptDirectives {
  const words = prompt.split(/\s+/);
  const wordSet = new Set(words);
  return {
    tokens: wholeNumber(words, "tokens", MAXIMUM_TOKENS),
    rate: wholeNumber(words, "rate", MAXIMUM_RATE) ?? DEFAULT_RATE,
    edits: proposedEdits(prompt, words),
    plan: wordSet.has("plan"),
    think: wordSet.has("think"),
    unknown: wordSet.has("unknown"),
    usage: wordSet.has("usage"),
    fail: wordSet.has("fail"),
  };
}

function proposedEdits(prompt: string, words: readonly string[]): ProposedEdit[] {
  const asked = wholeNumber(words, "ask", MAXIMUM_QUESTIONS);
  const count = asked ?? (WANTS_EDIT.test(prompt) ? 1 : 0);
  const subject = valueOf(words, "edit");
  const line = subject
    ? `- Note about ${subject}, from the demo agent.\n`
    : "- Note from the demo agent.\n";
  return Array.from({ length: count }, (_, index) => ({
    fileName: index === 0 ? "notes.md" : `notes-${index + 1}.md`,
    line,
  }));
}

function wholeNumber(words: readonly string[], name: string, maximum: number): number | undefined {
  const value = valueOf(words, name);
  return value !== undefined && /^\d+$/.test(value) ? Math.min(Number(value), maximum) : undefined;
}

function valueOf(words: readonly string[], name: string): string | undefined {
  return words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
}
