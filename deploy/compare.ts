import type { HostNetwork, HostValues } from './hostNetwork.js';

/** How far the outputs of one network were from those of another. */
export interface Difference {
  /** Largest difference of any value, as a share of the largest value of its output, or of 1 where that is smaller. */
  readonly furthest: number | null;
  /** Mean difference, in the same unit; null, as `furthest`, where the outputs have no name in common. */
  readonly mean: number | null;
  /** Median of a call, milliseconds. */
  readonly milliseconds: number;
}

/** Two networks as one: it answers as `candidate` does, and keeps how far `reference` is from it; both stay the caller's. */
export function comparing(
  reference: HostNetwork,
  candidate: HostNetwork,
): { readonly network: HostNetwork; readonly difference: () => Difference } {
  let [furthest, sum, count] = [0, 0, 0];
  const times: number[] = [];
  const add = (wanted: HostValues, found: HostValues): void => {
    for (const [name, { values }] of Object.entries(wanted)) {
      const other = found[name]?.values;
      if (!other) continue; // boxes that a graph has suppressed are compared by what they score
      const scale = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
      for (let i = 0; i < values.length; i++) {
        const difference = Math.abs((values[i] ?? 0) - (other[i] ?? Number.NaN)) / scale;
        furthest = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(furthest, difference);
        sum += difference;
      }
      count += values.length;
    }
  };
  return {
    network: {
      run: async (inputs) => {
        const wanted = await reference.run(inputs);
        const started = performance.now();
        const found = await candidate.run(inputs);
        times.push(candidate.spent?.() ?? performance.now() - started);
        add(wanted, found);
        return found;
      },
      dispose: async () => undefined,
    },
    difference: () => ({
      ...(count === 0 ? { furthest: null, mean: null } : { furthest, mean: sum / count }),
      milliseconds: median(times),
    }),
  };
}

/** The same network, and the median of its calls, milliseconds; it stays the caller's. */
export function timed(network: HostNetwork): { readonly network: HostNetwork; readonly milliseconds: () => number } {
  const times: number[] = [];
  const run: HostNetwork['run'] = async (inputs) => {
    const started = performance.now();
    const outputs = await network.run(inputs);
    times.push(performance.now() - started);
    return outputs;
  };
  return { network: { run, dispose: async () => undefined }, milliseconds: () => median(times) };
}

/** What is kept of outputs for another pass, bytes. */
const MAX_KEPT = 2 ** 28;

/**
 * A network of which every pass gives the same: outputs of the first calls are kept, and given again in later passes; it stays the caller's.
 *
 * @returns a pass: its calls are those of every other pass, in their order
 */
export function replayed(network: HostNetwork): () => HostNetwork {
  const kept: HostValues[] = [];
  let bytes = 0;
  return () => {
    let call = 0;
    return {
      run: async (inputs) => {
        const at = call++;
        const known = kept[at];
        if (known) return known;
        const outputs = await network.run(inputs);
        bytes += Object.values(outputs).reduce((sum, { values }) => sum + values.byteLength, 0);
        if (at === kept.length && bytes <= MAX_KEPT) kept.push(outputs);
        return outputs;
      },
      dispose: async () => undefined,
    };
  };
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
}
