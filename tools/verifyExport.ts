import { opened } from '../configs/networkFile.js';
import type { Run } from '../configs/run.js';
import type { Dataset } from '../datasets/dataset.js';
import { comparing, timed } from '../deploy/compare.js';
import type { Description } from '../deploy/description.js';
import { engineNetwork } from '../deploy/engineNetwork.js';
import type { ExportedFile } from '../deploy/formats.js';
import type { HostNetwork } from '../deploy/hostNetwork.js';
import { findOnnxRuntime, openOnnxNetwork } from '../deploy/onnxruntime/onnxruntime.js';
import { openGraphModelNetwork } from '../deploy/tensorflow/graphModelNetwork.js';
import { formatTable } from './table.js';

/** What an exported file may lose against the engine that trained it. */
const LIMITS = {
  f32: { furthest: 1e-4, loss: 1e-3 },
  f16: { furthest: Number.POSITIVE_INFINITY, loss: 2e-3 },
} as const satisfies { readonly [precision in Description['precision']]: object };

/** One network on one runtime, on the images of a data set. */
export interface ParityRow {
  readonly runtime: string;
  readonly precision: Description['precision'];
  /** Of the task's metric; null: there was nothing to measure. */
  readonly metric: number | null;
  /** What it lost of the metric; null where there is none. */
  readonly loss: number | null;
  /** See `Difference`; null: the row that the others are compared with. */
  readonly furthest: number | null;
  readonly mean: number | null;
  /** Median of a call of the network alone. */
  readonly milliseconds: number;
  readonly bytes: number | null;
}

export interface ParityReport {
  readonly metric: string;
  readonly rows: readonly ParityRow[];
  /** Limits that were passed, as sentences. */
  readonly failures: readonly string[];
}

interface Candidate {
  readonly runtime: string;
  readonly files: readonly ExportedFile[];
  readonly open: () => Promise<HostNetwork>;
}

/**
 * Runs exported files on every runtime that is present, against the engine that is open, on images of a data set.
 *
 * @param answer what the outputs of the ONNX file are, which may suppress boxes itself
 */
export async function verifyExport(
  run: Run,
  files: readonly ExportedFile[],
  description: Description,
  answer: Description['answer'],
  dataset: Dataset,
): Promise<ParityReport> {
  const { metric } = run.network.task;
  const { precision } = description;
  const reference = engineNetwork(run.network.model);
  const measure = async (network: HostNetwork, as: Description): Promise<number | null> => {
    const value = (await opened(network, as).network.measure(dataset))[metric];
    return typeof value === 'number' ? value : null;
  };
  const own = timed(reference);
  const wanted = await measure(own.network, description);
  const nothing = { loss: null, furthest: null, mean: null, bytes: null };
  const rows: ParityRow[] = [
    { runtime: 'trained', precision: 'f32', metric: wanted, milliseconds: own.milliseconds(), ...nothing },
  ];
  for (const { runtime, files: ownFiles, open } of candidatesOf(files)) {
    const candidate = await open();
    const { network, difference } = comparing(reference, candidate);
    const found = await measure(network, runtime === ONNX ? { ...description, answer } : description);
    const { furthest, mean, milliseconds } = difference();
    const loss = wanted === null || found === null ? null : wanted - found;
    const bytes = ownFiles.reduce((sum, file) => sum + file.bytes.length, 0);
    rows.push({ runtime, precision, metric: found, loss, furthest, mean, milliseconds, bytes });
    await candidate.dispose();
  }
  await reference.dispose();
  return { metric, rows, failures: rows.slice(1).flatMap((row) => failuresOf(row, metric)) };
}

const ONNX = 'onnxruntime';

/** What can be run here of what was exported. */
function candidatesOf(files: readonly ExportedFile[]): readonly Candidate[] {
  const onnx = files.filter(({ name }) => name === '' || name === 'model.onnx');
  const graphModel = files.filter(({ name }) => /^model\.json$|\.bin$/.test(name));
  const [file] = onnx;
  const candidates: Candidate[] = [];
  if (file && findOnnxRuntime() !== null)
    candidates.push({ runtime: ONNX, files: onnx, open: () => openOnnxNetwork(file.bytes) });
  if (graphModel.length > 0)
    candidates.push({ runtime: 'tfjs GraphModel', files: graphModel, open: () => openGraphModelNetwork(graphModel) });
  return candidates;
}

function failuresOf({ runtime, precision, furthest, loss }: ParityRow, metric: string): readonly string[] {
  const limits = LIMITS[precision];
  const failures: string[] = [];
  if (furthest !== null && !(furthest <= limits.furthest))
    failures.push(`${runtime}: outputs differ by ${furthest.toExponential(1)}, at most ${limits.furthest} is allowed`);
  if (loss !== null && !(loss <= limits.loss))
    failures.push(`${runtime}: ${metric} falls by ${loss.toFixed(4)}, at most ${limits.loss} is allowed`);
  return failures;
}

export function describeParity({ rows, metric }: ParityReport): string {
  const exponential = (value: number | null): string => (value === null ? '-' : value.toExponential(1));
  const cells = rows.map(({ runtime, precision, ...row }) => [
    ...[runtime, precision, row.metric?.toFixed(4) ?? '-', row.loss?.toFixed(4) ?? '-'],
    ...[exponential(row.furthest), exponential(row.mean), row.milliseconds.toFixed(1)],
    row.bytes === null ? '-' : (row.bytes / 1e6).toFixed(1),
  ]);
  return formatTable(['runtime', 'precision', metric, 'loss', 'furthest', 'mean', 'ms', 'MB'], cells);
}
