/** What the app can do, asked by Hono's client: it knows what each route takes, answers and refuses. */

import { hc, parseResponse } from "hono/client";
import { textOf } from "perdure/protocol";
import type { App } from "./src/index.ts";

/** Goes through it all in a new session; `tell` gets a line for each step. */
export async function tour(url: string, tell: (line: string) => void): Promise<void> {
  const asAda = hc<App>(url, { headers: { authorization: "Bearer ada" } }).api;
  const created = await parseResponse(asAda.sessions.$post({ json: { title: "Trip" } }));
  const param = { id: created.id };
  const session = asAda.sessions[":id"];
  tell(`${created.createdBy} created a session`);

  await parseResponse(
    session.$patch({ param, json: { meta: { title: "Trip to Rome", days: 4 } } }),
  );
  const { meta } = await parseResponse(session.meta.$get({ param }));
  tell(`metadata: ${JSON.stringify(meta)}`);

  for (const text of ["Where do we stay?", "And how do we get there?"])
    await parseResponse(session.messages.$post({ param, json: { id: crypto.randomUUID(), text } }));
  const { messages, hasEarlier } = await parseResponse(
    session.messages.$get({ param, query: { limit: 1 } }),
  );
  for (const { message } of messages)
    tell(`the newest of ${hasEarlier ? "several messages" : "one message"}: ${textOf(message)}`);

  for (const title of ["Book the train", "Book a room"])
    await parseResponse(session.tasks.$post({ param, json: { title, priority: "high" } }));
  const [first] = (await parseResponse(session.tasks.$get({ param, query: { status: "pending" } })))
    .tasks;
  if (first === undefined) throw new Error("There is no task.");
  const taskParam = { ...param, taskId: first.id };
  await parseResponse(
    session.tasks[":taskId"].$patch({
      param: taskParam,
      json: { status: "running", progress: 0.5 },
    }),
  );
  const { running } = await parseResponse(session.summary.$get({ param }));
  tell(`running: ${running.map(({ title, progress }) => `${title} (${progress})`).join(", ")}`);

  const { count, average } = await parseResponse(
    session.ratings.$post({ param, json: { stars: 5 } }),
  );
  tell(`${count} rating, ${average} stars`);

  const asBob = hc<App>(url, { headers: { authorization: "Bearer bob" } }).api;
  const refused = await asBob.sessions[":id"].pause.$post({ param });
  if (refused.ok) throw new Error("Bob is a viewer.");
  const { status, code } = await refused.json();
  tell(`bob may not pause it: ${status} ${code}`);
}
