/** How many characters one streamed chunk has: about what a model's token has. */
const CHUNK_LENGTH = 4;

/** Words of the generated text; their number is prime, so that any start gives a long cycle. */
const WORDS = [
  "river",
  "stone",
  "amber",
  "cedar",
  "north",
  "quiet",
  "lantern",
  "harbor",
  "meadow",
  "copper",
  "willow",
  "signal",
  "orchard",
  "ember",
  "garden",
  "winter",
  "anchor",
  "velvet",
  "summit",
] as const;

/** After so many numbered words the generated text starts a new paragraph. */
const WORDS_IN_A_PARAGRAPH = 24;

/**
 * The chunks that the demo agent streams for a prompt with `tokens=count`: exactly `count` strings of four characters.
 *
 * They join to words that carry a running number ("river 1 stone 2 …"), so that a lost, doubled or swapped chunk is visible.
 * The same prompt always gives the same chunks, and another prompt starts at another word.
 */
export function demoChunks(prompt: string, count: number): string[] {
  const firstWord = hash(prompt);
  let text = "";
  for (let number = 1; text.length < count * CHUNK_LENGTH; number += 1) {
    const word = WORDS.at((firstWord + number) % WORDS.length) ?? "word";
    text += `${word} ${number}${number % WORDS_IN_A_PARAGRAPH === 0 ? ".\n\n" : " "}`;
  }
  return splitIntoChunks(text).slice(0, count);
}

/** The text that the demo agent's message has in the end for a prompt with `tokens=count`. */
export function demoText(prompt: string, count: number): string {
  return demoChunks(prompt, count).join("");
}

/** Splits a text into chunks of four characters, never inside a surrogate pair. The last chunk may be shorter. */
export function splitIntoChunks(text: string): string[] {
  const characters = Array.from(text);
  const chunks: string[] = [];
  for (let start = 0; start < characters.length; start += CHUNK_LENGTH) {
    chunks.push(characters.slice(start, start + CHUNK_LENGTH).join(""));
  }
  return chunks;
}

/** What the agent thinks aloud when the prompt says `think`. */
export const THOUGHTS =
  "The prompt asks me to think first. I will look at what it wants, then do it in small steps.";

/** The answer to a prompt without directives: who this is, and what one can ask of it. */
export const INTRODUCTION = `## Hello from the demo agent

I am a **real agent process** without a model: I answer with text that I know beforehand, so you can see a durable session at work.

- Ask me to *edit the notes*, and I will ask you first.
- Say \`plan\` or \`think\` to watch me prepare.
- Stop me at any time, or reload this page while I write.

\`\`\`text
tokens=1000 rate=60 think plan edit
\`\`\`

That prompt gives you a thousand chunks, sixty each second, and one question.
`;

/** FNV-1a, 32 bits: a small, stable hash, for variety and not for secrets. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return value;
}
