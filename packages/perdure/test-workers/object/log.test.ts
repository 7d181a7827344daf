import { env } from "cloudflare:workers";
import { expect, test } from "vitest";

test("L12 loading, appending and paging cost the same rows with 10 rows and with 10,000", async () => {
  const costs = [];
  for (const rows of [10, 10_000]) {
    const stub = env.LOG.getByName(`${rows} rows`);
    await stub.fill(rows);
    costs.push({ ...(await stub.costs()), page: await stub.costOfPage(1) });
  }
  expect(costs[0]).toEqual(costs[1]);
  expect(costs[0]?.loading).toEqual({ read: 2, written: 0 });
  expect(costs[0]?.appending.written).toBe(1);
});

test("L7 a large event goes through the platform's own storage whole", async () => {
  const stub = env.LOG.getByName("large");
  for (const text of ["x".repeat(4_194_304), "😀".repeat(300_000)]) {
    expect((await stub.roundTrip(`.${text}`)) === `.${text}`).toBe(true);
  }
});
