import { env, waitUntil } from "cloudflare:workers";
import type {
  InfoSessionManager,
  StreamSessionManager,
  SubscriptionManager,
} from "@tmcp/session-manager";
import type { Namespace } from "../object/index.ts";
import { callObject, errorBehind, inParallel, namespaceOf } from "../object/index.ts";
import { PerdureError } from "../protocol/index.ts";
import { listenStreams } from "./durable-listen.ts";
import type { ClientFacts } from "./kept-session.ts";
import { LocalReaders } from "./local-readers.ts";
import { REGISTRY_NAMES, registryName, registryOf, sessionName } from "./placement.ts";
import { currentRequest } from "./request-context.ts";
import type { RegistryRpc } from "./rpc.ts";
import { checkSessionId, isSessionId } from "./session-id.ts";
import type { SessionStub } from "./stream-socket.ts";

/** The binding of `SyncLayer`, where no other is named. */
export const DEFAULT_BINDING = "TMCP_DURABLE_OBJECT";

/** Sessions that one call sends to at once. */
const SENDS_AT_ONCE = 16;

/**
 * Sessions of `tmcp` in Durable Objects, one object each. Pass it as `sessionManager` to a transport; pass its
 * `subscriptionManager`, too, for clients of the 2026 revision. Every method rejects with the lines to add to the Wrangler configuration where the binding is
 * missing.
 */
export class DurableObjectSessionManager {
  /**
   * What a transport does with streams. Its `has` is false for a session that another stream may take over, so none is refused: only a session
   * that is nothing but a stream, that of the older SSE transport, has one already.
   */
  readonly streams: StreamSessionManager;
  /** What a transport keeps of clients. */
  readonly info: InfoSessionManager;
  /** The streams of clients of the 2026 revision. */
  readonly subscriptionManager: SubscriptionManager;
  readonly #binding: string;
  readonly #readers = new LocalReaders();
  #misconfigured: PerdureError | undefined;

  /** @param binding Binding of `SyncLayer`; default `TMCP_DURABLE_OBJECT`. */
  constructor(binding: string = DEFAULT_BINDING) {
    this.#binding = binding;
    this.streams = {
      create: (id, controller) => this.create(id, controller),
      delete: (id) => this.#readers.detach(id),
      has: async (id) => {
        checkSessionId(id);
        return this.#call(id, (stub) => stub.holdsStream());
      },
      send: (sessions, data) => this.send(sessions, data),
    };
    this.info = this.#infoManager();
    this.subscriptionManager = listenStreams(binding);
  }

  /** Begins a session, if there is none of this id, and sends its messages to a stream from now on. */
  async create(id: string, controller: ReadableStreamDefaultController): Promise<void> {
    checkSessionId(id);
    await this.#readers.attach({ namespace: this.#sessions, id, subject: null }, controller);
  }

  /** Ends a session: everything of it is erased, and its streams end. */
  async delete(id: string): Promise<void> {
    checkSessionId(id);
    await this.#call(id, (stub) => stub.end());
  }

  /** Whether there is a session of this id. */
  async has(id: string): Promise<boolean> {
    return isSessionId(id) && this.#call(id, (stub) => stub.exists());
  }

  /**
   * Sends to some sessions, or to all. Whoever is connected gets it now, whoever is not when it comes back. Resolves when it is stored;
   * sessions that are not there are left out.
   *
   * @param sessions Ids; undefined for all.
   * @param data A Server-Sent Event without an id: `event: message\ndata: …\n\n`.
   */
  async send(sessions: string[] | undefined, data: string): Promise<void> {
    await this.#inTime(sessions === undefined ? this.#broadcast(data) : this.#push(sessions, data));
  }

  async #push(sessions: readonly string[], data: string): Promise<void> {
    const key = crypto.randomUUID();
    const known = sessions.filter((id) => isSessionId(id));
    await inParallel(known, SENDS_AT_ONCE, async (id) => {
      let attempts = 0;
      await this.#call(id, (stub) => stub.push(data, key, (attempts += 1) > 1));
    });
  }

  async #broadcast(data: string): Promise<void> {
    await Promise.all(
      REGISTRY_NAMES.map((name) => this.#registries.getByName(name).broadcast(data)),
    );
  }

  #infoManager(): InfoSessionManager {
    const known = async <T>(id: string, key: keyof ClientFacts, name: string): Promise<T> => {
      const request = currentRequest();
      const facts = request?.id === id ? request.facts : await this.#factsOf(id);
      const value = facts?.[key];
      if (value === undefined)
        throw new PerdureError("not_found", `${name} of this MCP session is not known.`);
      // A transport gets back what one of its kind has put in.
      return value as T;
    };
    // A transport takes a rejection for a client that said nothing, and goes on; what is thrown at once fails its request.
    const fact = <T>(id: string, key: keyof ClientFacts, name: string): Promise<T> => {
      checkSessionId(id);
      void this.#sessions;
      return known(id, key, name);
    };
    // A transport waits for what ends a session, and for nothing else, so what fails is said here too.
    const change = (id: string, call: (stub: SessionStub) => Promise<unknown>): unknown => {
      checkSessionId(id);
      return this.#inTime(this.#call(id, call)).catch((error: unknown) =>
        console.error("An MCP session was not changed:", error),
      );
    };
    const say = (id: string, facts: ClientFacts) => change(id, (stub) => stub.say(facts));
    return {
      getClientInfo: (id) => fact(id, "clientInfo", "The client's name"),
      setClientInfo: (id, clientInfo) => say(id, { clientInfo }),
      getClientCapabilities: (id) => fact(id, "clientCapabilities", "What the client can do"),
      setClientCapabilities: (id, clientCapabilities) => say(id, { clientCapabilities }),
      getLogLevel: (id) => fact(id, "logLevel", "The log level"),
      setLogLevel: (id, logLevel) => say(id, { logLevel }),
      getSubscriptions: (uri) =>
        this.#inTime(
          callObject(this.#registries, registryName(registryOf(uri)), (it) => it.followers(uri)),
        ),
      addSubscription: (id, uri) => change(id, (stub) => stub.followUri(uri)),
      removeSubscription: (id, uri) => change(id, (stub) => stub.unfollowUri(uri)),
      delete: (id) => change(id, (stub) => stub.end()),
    };
  }

  /** Transports do not wait for what they ask: the request lasts until it is done, and with `durableMcp` is not answered before. */
  #inTime<T>(work: Promise<T>): Promise<T> {
    const request = currentRequest();
    const done = Promise.allSettled([work]).finally(() => request?.pending.delete(done));
    request?.pending.add(done);
    waitUntil(done);
    return work;
  }

  async #factsOf(id: string): Promise<ClientFacts | null> {
    return this.#call(id, (stub) => stub.facts()).catch((error: unknown) => {
      console.error("What a client said in an MCP session is not known:", error);
      throw error;
    });
  }

  #call<T>(id: string, call: (stub: SessionStub) => Promise<T>): Promise<T> {
    return callObject(this.#sessions, sessionName(id), call).catch((error: unknown) => {
      const problem = errorBehind(error);
      if (isMisconfigured(problem)) this.#misconfigured = problem;
      throw error;
    });
  }

  /** Throws where the binding is missing, and once it is known that its class has no SQLite: no call can succeed. */
  get #sessions(): Namespace<SessionStub> {
    if (this.#misconfigured !== undefined) throw this.#misconfigured;
    return namespaceOf<SessionStub>(env, this.#binding, "SyncLayer");
  }

  get #registries(): Namespace<RegistryRpc> {
    return namespaceOf<RegistryRpc>(env, this.#binding, "SyncLayer");
  }
}

/** Whether an error says what to add to the Wrangler configuration. */
function isMisconfigured({ code, message }: PerdureError): boolean {
  return code === "broken" && message.includes("new_sqlite_classes");
}
