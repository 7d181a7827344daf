import { PerdureError } from "perdure/protocol";
import { SessionDO } from "perdure/session";

/** All ratings of a session. */
export interface Ratings {
  readonly count: number;
  /** In stars, 1 to 5. */
  readonly average: number;
}

/** A session that people rate: a table of its own beside those of the library, and a method over RPC. */
export class RatedSession extends SessionDO<Env> {
  static override readonly migrations = [
    {
      version: 1,
      name: "ratings",
      up: "CREATE TABLE ratings (id INTEGER PRIMARY KEY, stars INTEGER NOT NULL)",
    },
  ];

  /** Adds a rating of 1 to 5 stars and answers all of them; throws `bad_request` for any other number. */
  async rate(stars: number): Promise<Ratings> {
    if (![1, 2, 3, 4, 5].includes(stars))
      throw new PerdureError("bad_request", "A rating is a whole number of stars, 1 to 5.");
    this.sql.run("INSERT INTO ratings (stars) VALUES (?)", stars);
    const [row] = this.sql.run<{ count: number; average: number }>(
      "SELECT count(*) AS count, avg(stars) AS average FROM ratings",
    );
    return { count: row?.count ?? 0, average: row?.average ?? 0 };
  }
}
