import { ArrowLeft, PanelRight } from "lucide-react";
import { INSPECTOR_KEY } from "../inspector/use-inspector-key.ts";
import { Link } from "../navigation.tsx";
import { titleOf } from "../sessions/listing.ts";
import { LinkBadge } from "./link-badge.tsx";
import { PeopleBadge } from "./people-badge.tsx";
import { RunnerBadge } from "./runner-badge.tsx";
import { TitleEditor } from "./title-editor.tsx";
import type { SessionHandle } from "./use-session.ts";
import type { Worker } from "./use-worker.ts";

/** Title, people, runner, link and inspector of one session. */
export function SessionHeader({
  handle,
  worker,
  isGuest,
  isInspecting,
  onInspect,
}: {
  readonly handle: SessionHandle;
  readonly worker: Worker | undefined;
  readonly isGuest: boolean;
  readonly isInspecting: boolean;
  readonly onInspect: () => void;
}) {
  const { session, state } = handle;
  const stored = session.meta["title"];
  const title = typeof stored === "string" && stored !== "" ? stored : undefined;
  return (
    <header className="session-header">
      {!isGuest && (
        <Link href="/" className="icon-button back" aria-label="All sessions">
          <ArrowLeft aria-hidden size={18} />
        </Link>
      )}
      <TitleEditor
        title={title ?? ""}
        placeholder={titleOf({ id: session.name, title: undefined })}
        canEdit={state.role === "participant" || state.role === "admin"}
        onRename={(next) => session.setMeta({ title: next === "" ? null : next })}
      />
      <PeopleBadge state={state} />
      {state.session !== undefined && <RunnerBadge state={state} worker={worker} />}
      <LinkBadge state={state} />
      <button
        type="button"
        className="icon-button"
        aria-label="Inspector"
        aria-pressed={isInspecting}
        aria-keyshortcuts={INSPECTOR_KEY}
        title={`Inspector (${INSPECTOR_KEY})`}
        onClick={onInspect}
      >
        <PanelRight aria-hidden size={18} />
      </button>
    </header>
  );
}
