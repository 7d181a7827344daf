import type { Contender, Session } from "../contender.ts";
import type { Measurement } from "../harness.ts";
import { quantile, rounds, timed } from "../harness.ts";

/** Sessions in the object that is asked. */
const SESSIONS = 1_000;

export const authGet: Measurement = {
  name: "auth-get",
  method:
    "A session by its token, of 1,000 in one object that is awake, one request after the other over HTTP; the Worker calls the object by RPC. Perdure: `get`, by the token's SHA-256, with its expiry. The bare object keeps the record in `storage.kv` under the token as it is, and compares the expiry.",
  async run(bench) {
    const contenders = bench.contenders("perdure", "bare");
    const sessions = new Map<Contender, Session>();
    for (const contender of contenders) {
      const session = await contender.open();
      await contender.fill(session, SESSIONS, "", "auth-fill");
      sessions.set(contender, session);
    }
    const count = bench.isQuick ? 500 : 2_000;
    const results = await rounds(contenders, bench.rounds, async (contender) => {
      const session = sessions.get(contender);
      if (session === undefined) throw new Error(`${contender.name} has no sessions.`);
      const times: number[] = [];
      for (let n = 0; n < count; n += 1) {
        const query = { token: tokenOf((n * 7) % SESSIONS) };
        times.push(await timed(() => contender.request(session, "auth-get", { query })));
      }
      return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
    });
    return (["p50", "p99"] as const).map((share) => ({
      title: `auth get, ${share}`,
      unit: "ms",
      better: "less" as const,
      values: results[share],
    }));
  },
};

/** The token of a session: both contenders make the same. */
const tokenOf = (n: number) => `bench-session-token-${n}`;
