type Listener = (...args: unknown[]) => void;

/** Emscripten's modules throw again what arrives at these, so that a host which handles its own errors ends all the same. */
const EVENTS: readonly (string | symbol)[] = ['uncaughtException', 'unhandledRejection'];

/**
 * Opens something, and takes away the handlers of a process's last errors that it installed; those which the host adds in the
 * meantime stay. In a browser there is nothing to take away.
 */
export async function withoutHandlers<T>(open: () => Promise<T>): Promise<T> {
  const host = (globalThis as { readonly process?: NodeJS.Process }).process;
  const hooks = host?.getBuiltinModule?.('node:async_hooks');
  if (!host || !hooks) return await open();
  const inside = new hooks.AsyncLocalStorage<true>();
  const added: (readonly [event: string | symbol, listener: Listener])[] = [];
  const watch = (event: string | symbol, listener: Listener): void => {
    if (EVENTS.includes(event) && inside.getStore()) added.push([event, listener]);
  };
  host.on('newListener', watch);
  try {
    return await inside.run(true, open);
  } finally {
    host.off('newListener', watch);
    for (const [event, listener] of added) host.off(event, listener);
  }
}
