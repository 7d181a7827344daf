/** What the Worker and the page both know of a task. */

/** Where a task may be. */
export const LISTS = ["todo", "doing", "done"] as const;

export type List = (typeof LISTS)[number];

export interface Task {
  readonly id: string;
  readonly title: string;
  readonly list: List;
  /** Who added it. */
  readonly author: string;
}
