import { ConnectionContender } from "../connections.ts";
import type { Measurement } from "../harness.ts";
import { atLeast, rounds, timed } from "../harness.ts";

const TEXT =
  "a message of a hundred characters, as people write them to each other when they have some time ....";

/** Rounds that count, at most: each takes a minute. */
const JOIN_ROUNDS = 1;
const SAID_ROUNDS = 3;

/** Messages that are said at once. */
const BURST = 5;

export const rooms: Measurement = {
  name: "rooms",
  method:
    "10,000 members (2,000 in a short run) join one room, one after another, over RPC from a Worker; then one message goes to all of them, and then 5 at once, timed until the sender hears that all have it. The members' objects count and have no socket, because this machine's file descriptors end before 10,000 sockets; they have no storage either. The hand-written room inserts a row for each member, and for a message reads all rows and calls 32 members at once, as Perdure's room does. Memory is that of the process after the joins less before them; the members' objects are not in memory then.",
  async run(bench) {
    const count = bench.isQuick ? 2_000 : 10_000;
    return ConnectionContender.both(bench.folder, async (contenders) => {
      // The newest of each: its members' objects are loaded by the first message.
      const rooms = new Map<ConnectionContender, number>();
      const { joins, bytes } = await rounds(contenders, JOIN_ROUNDS, async (contender) => {
        const before = contender.server.residentBytes;
        const room = (rooms.get(contender) ?? 0) + 1;
        rooms.set(contender, room);
        const ms = await timed(() => contender.join(`room-${room}`, count));
        return {
          joins: (count / ms) * 1000,
          bytes: Math.max(0, contender.server.residentBytes - before) / count,
        };
      });
      const said = await rounds(
        contenders,
        Math.min(bench.rounds, SAID_ROUNDS),
        async (contender) => {
          const room = `room-${rooms.get(contender)}`;
          const one = await timed(() => contender.say(room, TEXT));
          const burst = await timed(() =>
            Promise.all(Array.from({ length: BURST }, () => contender.say(room, TEXT))),
          );
          return { one: (count / one) * 1000, burst: ((BURST * count) / burst) * 1000 };
        },
      );
      const who = `${count.toLocaleString("en")} members`;
      return [
        { title: `joins, ${who}`, unit: "joins/s", better: "more", values: joins },
        {
          title: `memory of a room, a member of ${who}`,
          unit: "bytes",
          better: "less",
          values: bytes,
        },
        {
          title: `room fan-out, one message to ${who}`,
          unit: "deliveries/s",
          better: "more",
          values: said.one,
          budgets: [atLeast(0.9, "bare", said.one)],
        },
        {
          title: `room fan-out, ${BURST} messages at once to ${who}`,
          unit: "deliveries/s",
          better: "more",
          values: said.burst,
        },
      ];
    });
  },
};
