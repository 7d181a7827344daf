import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { isObject } from "../../src/protocol/index.ts";
import { shardRoutes } from "../../src/shard/index.ts";
import { QUERY_NAMES, randomArgs, randomWrite } from "../../test/shard/random-board.ts";
import { randomFrom } from "../../test/support/random.ts";
import { randomBoard } from "../objects/random-board-do.ts";
import type { Difference } from "./following-client.ts";
import { FollowingClient } from "./following-client.ts";

const IDENTITIES = [null, { subject: "a" }, { subject: "b" }];
const CLIENTS = 6;
const MOST_FOLLOWED = 8;

/** What a run came to. */
export interface RandomOutcome {
  readonly differences: readonly Difference[];
  /** Calls that did not have their effect as often as they said, and answers that another answer contradicts. */
  readonly contradictions: readonly string[];
  readonly fallen: number;
  readonly counts: Readonly<
    Record<
      "committed" | "refused" | "lost" | "repeated" | "compared" | "evictions" | "reconnects",
      number
    >
  >;
  readonly starts: FollowingClient["starts"];
}

type Binding = "RANDOM_BOARD" | "MEMORY_BOARD";

/** A mutation, and how it was answered: by a position, or refused. */
type Answer = number | "refused" | "lost";

interface Write {
  readonly id: string;
  readonly client: FollowingClient;
  readonly args: { readonly call: string; readonly statements: readonly unknown[] };
}

/** Mutations by every way in, over sockets that come and go and an object that is evicted, by a seed. */
export class RandomSockets {
  readonly #seed: number;
  readonly #name: string;
  readonly #random: () => number;
  readonly #stub;
  readonly #fetch;
  readonly #clients: readonly FollowingClient[];
  readonly #answers = new Map<string, number | "refused">();
  readonly #done: Write[] = [];
  readonly #contradictions: string[] = [];
  readonly #counts = {
    committed: 0,
    refused: 0,
    lost: 0,
    repeated: 0,
    compared: 0,
    evictions: 0,
    reconnects: 0,
  };

  constructor(seed: number, binding: Binding) {
    this.#seed = seed;
    this.#random = randomFrom(seed);
    this.#name = `random ${seed}`;
    this.#stub = env[binding].getByName(this.#name);
    this.#fetch = shardRoutes<Cloudflare.Env>(randomBoard, {
      binding,
      authenticate: (request) => {
        const subject = request.headers.get("x-subject");
        return subject === null ? null : { subject };
      },
      authorize: () => true,
    });
    this.#clients = Array.from(
      { length: CLIENTS },
      (_, index) => new FollowingClient(this.#stub, IDENTITIES[index % IDENTITIES.length] ?? null),
    );
  }

  async run(mutations: number): Promise<RandomOutcome> {
    await Promise.all(this.#clients.map((client) => client.come()));
    while (this.#done.length < mutations) {
      const count = 1 + Math.floor(this.#random() * 12);
      await Promise.all(Array.from({ length: count }, () => this.#step()));
      if (this.#chance(0.06)) await this.#evict();
    }
    for (const client of this.#clients) if (!client.isThere) await client.come();
    await this.#compareAll();
    await this.#checkEffects();
    const starts = { seed: 0, missed: 0, reset: 0, refused: 0 };
    for (const client of this.#clients)
      for (const kind of ["seed", "missed", "reset", "refused"] as const)
        starts[kind] += client.starts[kind];
    return {
      differences: this.#clients.flatMap(({ differences }) => differences),
      contradictions: this.#contradictions,
      fallen: this.#clients.reduce((sum, { fallen }) => sum + fallen, 0),
      counts: this.#counts,
      starts,
    };
  }

  async #evict(): Promise<void> {
    // Nothing may have come to it since the last time, and what is not in memory cannot be evicted.
    await this.#stub.done();
    await evictDurableObject(this.#stub);
    this.#counts.evictions += 1;
    await this.#compareAll();
  }

  async #compareAll(): Promise<void> {
    const compared = await Promise.all(this.#clients.map((client) => client.compare()));
    for (const count of compared) this.#counts.compared += count;
  }

  async #step(): Promise<void> {
    const client = this.#pick(this.#clients);
    const dice = this.#random();
    if (!client.isThere) {
      if (dice < 0.08) {
        this.#counts.reconnects += 1;
        await client.come();
      } else await this.#write(client);
    } else if (dice < 0.1) {
      const { ids } = client;
      if (ids.length >= MOST_FOLLOWED) client.unfollow(this.#pick(ids));
      else
        await client.follow({
          functionPath: `queries.${this.#pick(QUERY_NAMES)}`,
          args: randomArgs(this.#random),
        });
    } else if (dice < 0.12) client.leave();
    else if (dice < 0.2) this.#counts.compared += await client.compare();
    else if (dice < 0.25 && this.#done.length > 0) {
      this.#counts.repeated += 1;
      await this.#make(this.#pick(this.#done.slice(-20)));
    } else await this.#write(client);
  }

  async #write(client: FollowingClient): Promise<void> {
    const id = `${this.#seed}-${this.#done.length}`;
    const statements = [];
    do statements.push(randomWrite(this.#random));
    while (this.#chance(0.3));
    if (this.#chance(0.03)) statements.push(["SELECT nothing FROM tasks WHERE id = ?", 1]);
    // Else results grow, and comparing them takes all the time.
    if (this.#chance(0.1)) statements.push(["DELETE FROM tasks WHERE id > ?", 30]);
    const write = { id, client, args: { call: id, statements } };
    this.#done.push(write);
    await this.#make(write);
  }

  /** Sends a mutation until it is answered. Its answer is the same each time. */
  async #make(write: Write): Promise<void> {
    let answer = await this.#send(write);
    while (answer === "lost") {
      this.#counts.lost += 1;
      answer = await this.#send(write);
    }
    const before = this.#answers.get(write.id);
    // A handler that failed may be tried again, and may succeed then.
    if (before !== undefined && before !== "refused" && before !== answer)
      this.#contradictions.push(`${write.id} was answered ${before} and ${answer}`);
    this.#answers.set(write.id, answer);
  }

  async #send({ id, client, args }: Write): Promise<Answer> {
    const request = { id, functionPath: "write", args };
    const dice = this.#random();
    if (dice < 0.6 && client.isThere) {
      const outcome = await client.call(id, "write", args);
      return outcome.t === "result" ? outcome.position : outcome.t;
    }
    if (dice < 0.75) {
      const answer = await this.#stub.call(request, client.identity);
      return answer.ok ? answer.value.position : "refused";
    }
    if (dice < 0.85) {
      const answer = await this.#stub.batch([request], client.identity);
      return answer.ok ? (answer.value[0]?.position ?? "lost") : "refused";
    }
    const response = await this.#fetch(
      new Request("https://app.example/shard/rpc", {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...(client.identity === null ? {} : { "x-subject": client.identity.subject }),
        },
        body: JSON.stringify({ ...request, shard: this.#name }),
      }),
      env,
    );
    const body: unknown = await response.json();
    return response.ok && isObject(body) && typeof body["position"] === "number"
      ? body["position"]
      : "refused";
  }

  /** What was answered with a position had its effect once, and nothing else had one. */
  async #checkEffects(): Promise<void> {
    const expected = [...this.#answers].flatMap(([id, answer]) =>
      answer === "refused" ? [] : [id],
    );
    this.#counts.committed = expected.length;
    this.#counts.refused = this.#answers.size - expected.length;
    const done = await this.#stub.done();
    const positions = new Set(this.#answers.values());
    if (done.toSorted().join() !== expected.toSorted().join())
      this.#contradictions.push(`${done.length} effects of ${expected.length} calls`);
    positions.delete("refused");
    if (positions.size !== expected.length)
      this.#contradictions.push(`${positions.size} positions of ${expected.length} commits`);
  }

  #chance(probability: number): boolean {
    return this.#random() < probability;
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random() * from.length)] as T;
  }
}
