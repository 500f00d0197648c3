import { keysOf } from '../../engine/checked.js';

/** Signals that ask for an end, with what a shell reports for a process that one of them ended; SIGHUP: its terminal was closed. */
const STATUS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** `npx` sends Ctrl-C on to a process that had it from the terminal already; a closed terminal, too, says so twice. Milliseconds. */
const SAME = 500;

/** Ctrl-C as an AbortSignal: the first one asks for a clean end, a later one ends the process at once; SIGHUP only asks. */
export function onInterrupt(): { readonly signal: AbortSignal; dispose(): void } {
  const controller = new AbortController();
  const names = keysOf(STATUS);
  let first = 0;
  const stop = (signal: NodeJS.Signals): void => {
    const name = signal as keyof typeof STATUS;
    if (controller.signal.aborted && name !== 'SIGHUP' && performance.now() - first > SAME) process.exit(STATUS[name]);
    if (!controller.signal.aborted) first = performance.now();
    controller.abort(name);
  };
  for (const name of names) process.on(name, stop);
  return {
    signal: controller.signal,
    dispose: () => {
      for (const name of names) process.off(name, stop);
    },
  };
}
