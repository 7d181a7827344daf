import type { ClientState } from "perdure/client";

const LABELS: Readonly<Record<ClientState["link"], string>> = {
  idle: "Connecting",
  connecting: "Connecting",
  "catching-up": "Catching up",
  live: "Live",
  offline: "Reconnecting",
  closed: "Closed",
};

/** Whether what the page shows is the present. */
export function LinkBadge({ state }: { readonly state: ClientState }) {
  const { link, problem } = state;
  return (
    <output className="badge link-badge" data-link={link} title={problem?.detail}>
      <span className="badge-dot" aria-hidden />
      {LABELS[link]}
    </output>
  );
}
