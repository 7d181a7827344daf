/** What a session is made of. Each part is told only of those that it needs; those that answer each other meet here. */

import type { Link } from "../object/index.ts";
import { Commands, RevertibleSql } from "../object/index.ts";
import { Approvals } from "./approvals.ts";
import { Cancellations } from "./cancellations.ts";
import { Commits } from "./commits.ts";
import { CopySource } from "./copy-source.ts";
import { Decisions } from "./decisions.ts";
import { Lifecycle } from "./lifecycle.ts";
import { ListingOutbox } from "./listing-outbox.ts";
import { LocalTurns } from "./local-turns.ts";
import { Outbound } from "./outbound.ts";
import { People } from "./people.ts";
import { ReaderTraffic } from "./reader-traffic.ts";
import { Readers } from "./readers.ts";
import { Relay } from "./relay.ts";
import { RetentionRunner } from "./retention.ts";
import { RunnerTraffic } from "./runner-traffic.ts";
import { SessionHistory } from "./session-history.ts";
import type { SessionHost } from "./session-host.ts";
import { SessionLog } from "./session-log.ts";
import { SessionTasks } from "./session-tasks.ts";
import { Sharing } from "./sharing.ts";
import { Stalling } from "./stalling.ts";
import { Waking } from "./waking.ts";

/** The parts of one session, loaded from storage. */
export class SessionParts {
  readonly host: SessionHost;
  readonly sql: RevertibleSql;

  // What it is.
  readonly log: SessionLog;
  readonly listing: ListingOutbox;
  readonly approvals: Approvals;
  /** What is given away of this session where it is copied. */
  readonly copy: CopySource;
  readonly history: SessionHistory;
  readonly tasks: SessionTasks;
  readonly retention: RetentionRunner;

  // What goes on.
  readonly commits: Commits;
  readonly commands: Commands;
  readonly decisions: Decisions;
  readonly lifecycle: Lifecycle;
  readonly cancellations: Cancellations;
  readonly stalling: Stalling;
  readonly waking: Waking;
  /** Turns that run in the object, where the user's class runs them. */
  readonly turns: LocalTurns | undefined;

  // Who is there.
  readonly relay: Relay;
  readonly readers: Readers;
  readonly people: People;
  readonly sharing: Sharing;
  readonly outbound: Outbound;
  readonly fromRunners: RunnerTraffic;
  readonly fromReaders: ReaderTraffic;

  constructor(host: SessionHost) {
    this.host = host;
    const { clock, timers } = host;
    const links = () => host.links();
    const runsTurns = host.turns !== undefined;
    this.commits = new Commits(this);
    this.fromRunners = new RunnerTraffic(this);
    this.fromReaders = new ReaderTraffic(this);
    const { queue } = this.commits;
    const sql = new RevertibleSql(host.sql, { mark: () => this.commits.mark() });
    this.sql = sql;
    const log = new SessionLog(sql, clock, () => this.listing.changed(), host.isSearchable);
    this.log = log;
    this.listing = new ListingOutbox(host, log);
    const approvals = new Approvals(sql, log.log.content);
    this.approvals = approvals;
    this.copy = new CopySource(log, approvals);
    const decisions = new Decisions(log, approvals, timers, clock);
    this.decisions = decisions;
    this.commands = new Commands(sql, clock);
    const isAttended = () => runsTurns || this.relay.presence() !== null;
    const life = { log, decisions, timers, clock };
    this.lifecycle = new Lifecycle({ ...life, lifetime: () => host.lifetime?.() ?? {} });
    this.cancellations = new Cancellations({ ...life, isAttended, runsTurns });
    this.stalling = new Stalling({ ...life, isAttended });
    const session = () => log.id ?? "";
    this.relay = new Relay({
      log,
      sql,
      clock,
      approvals,
      decisions,
      session,
      // A session that runs its own turns has no runner, also where a socket of one is from before.
      links: runsTurns ? () => [] : links,
      onRedelivery: (isLast) => this.fromRunners.redelivered(isLast),
    });
    this.waking = new Waking({
      sql,
      log,
      timers,
      clock,
      policy: host.gateways,
      hasRunner: isAttended,
    });
    const sharing = new Sharing({ sql, log, clock, queue, links });
    this.sharing = sharing;
    this.outbound = new Outbound({ host, log, sharing, readers: () => this.readers });
    this.readers = new Readers(log, clock, {
      closeRefused: (link: Link) => this.outbound.closeRefused(link),
      people: () => this.people.now(),
      incarnation: host.incarnation,
      session,
      presence: () => this.relay.presence(),
    });
    this.people = new People({
      clock,
      links,
      isShown: () => host.showsPeople?.() ?? true,
      announce: (people) => this.readers.announcePeople(people),
    });
    this.history = new SessionHistory({ log, commands: this.commands, clock, timers, queue });
    this.retention = new RetentionRunner({
      log,
      clock,
      timers,
      queue,
      policy: () => host.retention?.() ?? {},
    });
    this.tasks = new SessionTasks({
      log,
      clock,
      timers,
      queue,
      onTaskDue: (task) => host.onTaskDue(task),
    });
    this.turns =
      host.turns &&
      new LocalTurns({
        log,
        sql,
        clock,
        timers,
        approvals,
        decisions,
        host: host.turns,
        commit: (work) => this.commits.submitAndFlush(work),
        sync: () => host.sync(),
      });
  }
}
