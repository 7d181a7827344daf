// The files share one runtime, which is most of the time saved: each begins with nothing stored and no object in memory.
import { reset } from "cloudflare:test";
import { beforeAll } from "vitest";

beforeAll(reset);
