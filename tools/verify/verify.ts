import { opened } from '../../configs/networkFile.js';
import type { Run } from '../../configs/run.js';
import type { Dataset } from '../../datasets/dataset.js';
import { partOf } from '../../datasets/part.js';
import { comparing, replayed, timed } from '../../deploy/compare.js';
import { channelCount, type Description } from '../../deploy/description.js';
import { engineNetwork } from '../../deploy/engineNetwork.js';
import type { FormatName } from '../../deploy/formatNames.js';
import type { HostNetwork } from '../../deploy/hostNetwork.js';
import { EspalierError } from '../../engine/errors.js';
import { formatTable } from '../table.js';
import { type Exported, RUNTIMES, type Runtime } from './runtimes.js';

/** What an exported file may lose against the engine that trained it, unless other limits are asked for. */
const LIMITS: { readonly [precision in Description['precision']]: Limits } = {
  f32: { furthest: 1e-4, loss: 1e-3 },
  f16: { furthest: null, loss: 2e-3 },
  int8: { furthest: null, loss: 1e-2 },
};

/** Null: none. */
interface Limits {
  /** Limit of `ParityRow.furthest`. */
  readonly furthest: number | null;
  /** Limit of `ParityRow.loss`. */
  readonly loss: number | null;
}

/** One network on one runtime, on the images of a data set. */
export interface ParityRow {
  readonly runtime: string;
  /** Null: the row that the others are compared with. */
  readonly format: FormatName | null;
  readonly precision: Description['precision'];
  /** Value of the task's metric; null: there was nothing to measure. */
  readonly metric: number | null;
  /** What it lost of the metric; null where there is none. */
  readonly loss: number | null;
  /** See `Difference`; null: the row that the others are compared with. */
  readonly furthest: number | null;
  readonly mean: number | null;
  /** Median of a call of the network alone. */
  readonly milliseconds: number | null;
  readonly bytes: number | null;
  /** Why nothing is known of it: what the runtime said. */
  readonly problem?: string;
}

export interface ParityReport {
  readonly metric: string;
  readonly images: number;
  readonly rows: readonly ParityRow[];
  /** Runtimes of these formats that are not here. */
  readonly missing: readonly string[];
  /** Limits that were passed, as sentences. */
  readonly failures: readonly string[];
}

/** What was written. */
export interface Written extends Omit<Exported, 'outputs'> {
  readonly format: FormatName;
  readonly description: Description;
  /** How the outputs are read of this file, which may suppress boxes itself. */
  readonly answer: Description['answer'];
}

/**
 * Runs exported files on every runtime that is present, against the engine that is open, on images of a data set.
 *
 * @param asked limits in place of those of each precision
 */
export async function verifyExport(
  run: Run,
  written: readonly Written[],
  dataset: Dataset,
  asked: Partial<Limits> = {},
  onProgress: (comparing: string) => void = () => undefined,
): Promise<ParityReport> {
  const { metric } = run.network.task;
  const measure = async (network: HostNetwork, description: Description, images = dataset): Promise<number | null> => {
    const value = (await opened(network, description).network.measure(images))[metric];
    return typeof value === 'number' ? value : null;
  };
  const trained = engineNetwork(run.network.model);
  const passes = replayed(trained);
  const own = timed(trained);
  const [first] = written;
  if (!first) throw new Error('nothing was written');
  const wanted = await measure(own.network, first.description);
  let outputs: readonly string[] = [];
  const rows: ParityRow[] = [
    {
      runtime: 'trained',
      format: null,
      precision: 'f32',
      metric: wanted,
      loss: null,
      furthest: null,
      mean: null,
      milliseconds: own.milliseconds(),
      bytes: null,
    },
  ];
  const compare = async (runtime: Runtime, { answer, ...file }: Written): Promise<ParityRow> => {
    const about = {
      runtime: runtime.name,
      format: file.format,
      precision: file.description.precision,
      bytes: file.files.reduce((sum, { bytes }) => sum + bytes.length, 0),
    };
    const unknown = { metric: null, loss: null, furthest: null, mean: null, milliseconds: null };
    onProgress(`${about.format} ${about.precision} on ${runtime.name}`);
    let candidate: HostNetwork;
    try {
      candidate = await runtime.open({ ...file, outputs });
    } catch (error) {
      if (!(error instanceof EspalierError)) throw error;
      return { ...about, ...unknown, problem: error.message };
    }
    try {
      const { network, difference } = comparing(passes(), candidate);
      const images = runtime.isSlow ? partOf(dataset, 0, 1) : dataset;
      const found = await measure(network, { ...file.description, answer }, images);
      const told = runtime.isSlow ? null : found;
      return { ...about, ...difference(), metric: told, loss: wanted === null || told === null ? null : wanted - told };
    } finally {
      await candidate.dispose();
    }
  };
  const missing = new Set<string>();
  try {
    outputs = await namesOf(trained, first.description);
    for (const file of written) {
      for (const runtime of RUNTIMES.filter(({ format }) => format === file.format)) {
        if (runtime.isHere()) rows.push(await compare(runtime, file));
        else missing.add(runtime.name);
      }
    }
  } finally {
    await trained.dispose();
  }
  const failures = rows.slice(1).flatMap((row) => failuresOf(row, metric, { ...LIMITS[row.precision], ...asked }));
  return { metric, images: dataset.size, rows, missing: [...missing], failures };
}

/** Names of a network's outputs. */
async function namesOf(network: HostNetwork, { input }: Description): Promise<readonly string[]> {
  const { name, batch, size } = input;
  const shape = [batch, ...size, channelCount(input)];
  const values = new Float32Array(shape.reduce((product, side) => product * side, 1));
  return Object.keys(await network.run({ [name]: { values, shape } }));
}

function failuresOf(row: ParityRow, metric: string, limits: Limits): readonly string[] {
  const { runtime, precision, furthest, loss, problem } = row;
  const name = `${row.format} ${precision} on ${runtime}`;
  if (problem !== undefined) return [`${name}: ${problem}`];
  const failures: string[] = [];
  if (furthest !== null && limits.furthest !== null && !(furthest <= limits.furthest))
    failures.push(`${name}: outputs differ by ${furthest.toExponential(1)}, at most ${limits.furthest} is allowed`);
  if (loss !== null && limits.loss !== null && !(loss <= limits.loss))
    failures.push(`${name}: ${metric} falls by ${loss.toFixed(4)}, at most ${limits.loss} is allowed`);
  return failures;
}

const HEADER = ['format', 'precision', 'runtime'];
const REST = ['loss', 'furthest', 'mean', 'ms', 'MB'];

function cellsOf(row: ParityRow): readonly string[] {
  const exponential = (value: number | null): string => (value === null ? '-' : value.toExponential(1));
  return [
    ...[row.format ?? '-', row.precision, row.runtime, row.metric?.toFixed(4) ?? '-', row.loss?.toFixed(4) ?? '-'],
    ...[exponential(row.furthest), exponential(row.mean), row.milliseconds?.toFixed(1) ?? '-'],
    row.bytes === null ? '-' : (row.bytes / 1e6).toFixed(1),
  ];
}

export const describeParity = ({ rows, metric }: ParityReport): string =>
  formatTable([...HEADER, metric, ...REST], rows.map(cellsOf));

/** The same as a table of a page. */
export function parityMarkdown({ rows, metric, images }: ParityReport): string {
  const lines = [[...HEADER, metric, ...REST], [...HEADER, metric, ...REST].map(() => '---'), ...rows.map(cellsOf)];
  return `${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n\n${images} images; ms: median of a call of the network alone\n`;
}
