/** A piece of source that is loaded as something else. */
export interface Piece {
  /** The file, from the root of the repository. */
  readonly file: string;
  /** The piece of source; it is there exactly once. */
  readonly find: string;
  readonly replace: string;
}

/**
 * A rule taken away from the product: one piece of its source is loaded as something else. The simulation must notice; if it
 * does not, nothing there holds that rule.
 */
export interface Mutation extends Piece {
  /** Id of the rule in `docs/PROTOCOL.md`, with a letter where several mutations take from one rule. */
  readonly id: string;
  /** What the product does then. */
  readonly does: string;
  /** Another rule that goes with it, where that one alone holds nearly all that this one says. */
  readonly also?: Piece;
  /** A seed that is known to notice, where few do: the search begins there. Default 1. */
  readonly seed?: number;
}

/** The source with a piece replaced. @throws Error where the piece is not there exactly once. */
export function mutate({ file, find, replace }: Piece, source: string): string {
  const parts = source.split(find);
  if (parts.length !== 2)
    throw new Error(
      `A mutation is out of date: its piece is ${parts.length - 1} times in ${file}:\n${find}`,
    );
  return parts.join(replace);
}
