/** Calls one after the other: runtimes take one at a time. */
export interface Turns {
  /** @param signal aborted before its turn comes: the call is not made, and the promise is rejected with its reason */
  take<Result>(call: () => Promise<Result>, signal?: AbortSignal): Promise<Result>;
}

export function createTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  return {
    take: (call, signal) => {
      const result = last.then(() => {
        signal?.throwIfAborted();
        return call();
      });
      last = result.catch(() => undefined);
      return result;
    },
  };
}

/** The same promise, given up when the signal is aborted. */
export async function abortable<Result>(promise: Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
  if (!signal) return promise;
  let give = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    give = () => reject(signal.reason);
    if (signal.aborted) give();
    else signal.addEventListener('abort', give, { once: true });
  });
  promise.catch(() => undefined); // of a promise that nobody waits for any more
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', give);
  }
}
