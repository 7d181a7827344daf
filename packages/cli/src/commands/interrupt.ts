/** How many signals it takes to leave at once: the second says that a clean end takes too long. */
const EXIT_CODE_OF_INTERRUPT = 130;

/**
 * A signal that aborts at Ctrl-C, SIGTERM, and the end of the terminal. The second one exits at once.
 *
 * @returns The signal, and a function that stops listening.
 */
export function listenForInterrupt(): { readonly signal: AbortSignal; readonly stop: () => void } {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(EXIT_CODE_OF_INTERRUPT);
    controller.abort();
  };
  const names = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const name of names) process.on(name, onSignal);
  return {
    signal: controller.signal,
    stop: () => {
      for (const name of names) process.off(name, onSignal);
    },
  };
}
