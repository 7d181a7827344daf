/** What agents really did, whoever died since: the truth that the log is held against. */

/** A process of a runner, and what may have become of what it wrote. */
export interface RunnerRecord {
  readonly name: string;
  /** The disk that it wrote to. */
  readonly disk: string;
  /** The epoch that it was granted. */
  epoch?: number;
  /** The words that its agents said in turns, in order. */
  readonly words: string[];
  /** Whether some of what it wrote can be gone for good: its disk was lost, or it lost its claim. */
  mayHaveLost: boolean;
}

/** A question that an agent asked. */
export interface AskedQuestion {
  /** Unique in the world. */
  readonly toolCall: string;
  readonly runner: RunnerRecord;
  readonly input: string;
}

/** An answer that an agent got. */
export interface GivenAnswer extends AskedQuestion {
  readonly option: string;
}

/** All that was done. */
export interface Deeds {
  /** Ids of prompts, each time an agent began to work on one. */
  readonly prompts: string[];
  readonly questions: AskedQuestion[];
  readonly answers: GivenAnswer[];
  readonly runners: RunnerRecord[];
  /** The turn in which each word was said. */
  readonly turnOf: Map<string, string>;
}
