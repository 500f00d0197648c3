import type { StepTime } from './events.js';

/** Steps that are looked at together. */
export const WAITING_WINDOW = 50;
/** Largest share of the time that waiting for batches may take. */
const MAX_WAITING = 0.03;
/** First steps of a process: its loader threads are still starting. */
const START = 5;

/** Watches the share of the time that goes into waiting for batches. */
export interface WaitingWatch {
  /** @returns a warning at the end of a window that waited too long, after one that did not */
  step(ms: StepTime): string | null;
}

export function createWaitingWatch(): WaitingWatch {
  let steps = -START;
  let [data, total] = [0, 0];
  let warned = false;
  return {
    step: (ms) => {
      if (++steps <= 0) return null;
      data += ms.data;
      total += ms.data + ms.compute + ms.host;
      if (steps < WAITING_WINDOW) return null;
      const share = data / Math.max(total, Number.MIN_VALUE);
      [steps, data, total] = [0, 0, 0];
      const isNew = share > MAX_WAITING && !warned;
      warned = share > MAX_WAITING;
      if (!isNew) return null;
      return `waiting for data took ${Math.round(100 * share)}% of the last ${WAITING_WINDOW} steps: raise train.workers, or train.cacheMegabytes`;
    },
  };
}
