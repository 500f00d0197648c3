import { formulaPositions } from './formula.js';

/** A recorded tensor: statistics of all its values, and a sample of them. */
export interface TensorRecord {
  /** Names the sampled positions. */
  readonly tag: string;
  /** Of the recording library: [N, C, H, W] of PyTorch, [N, H, W, C] of Keras, or [N, K]. */
  readonly shape: readonly number[];
  readonly mean: number;
  readonly std: number;
  readonly value: readonly number[];
  /** Largest distance of the library's own float32 run to its float64 run. */
  readonly noise: number;
}

/** A network of the reference, as test/golden/recordBackbones.mjs writes it. */
export interface BackboneGolden {
  readonly parameters: number;
  /** Factor of the formula weights. */
  readonly gain: number;
  /** See `stateDictDigest`. */
  readonly digest: string;
  /** name|d0,d1|kind, where the weights come under other names than ours. */
  readonly stateDict?: readonly string[];
  /** Of Keras's network at its own image size, with 1000 classes. */
  readonly counts?: {
    readonly size: readonly [number, number, number];
    readonly parameters: number;
    readonly macs: number;
  };
  readonly cases: readonly {
    readonly size: readonly [height: number, width: number];
    readonly logits: TensorRecord;
    readonly maps: readonly (TensorRecord & { readonly tap: string })[];
  }[];
}

/** Share of the spread plus twenty times the rounding noise of a correct float32 run: mistakes in padding, epsilon or activation are at least 30 times larger. */
export const tolerance = (record: TensorRecord): number => 2e-4 * record.std + 20 * record.noise;

/** A figure of a tensor and the recorded one. */
export interface ComparedFigure {
  /** A flat position of the record, the mean or the spread. */
  readonly what: string;
  readonly found: number;
  readonly expected: number;
}

/**
 * Sampled values, mean and spread of a tensor beside those of its record.
 *
 * @param values of a map [N, H, W, C] or of rows [N, K]
 * @param layout of the record's shape and positions
 */
export function compareRecord(
  values: Float32Array,
  record: TensorRecord,
  layout: 'NCHW' | 'NHWC',
): readonly ComparedFigure[] {
  const [, c = 1, h = 1, w = 1] = record.shape;
  const figures = formulaPositions(record.tag, values.length, record.value.length).map((position, i) => ({
    what: `[${position}]`,
    found: values[layout === 'NHWC' ? position : inMemory(position, h * w, c)] as number,
    expected: record.value[i] as number,
  }));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return [
    ...figures,
    { what: 'mean', found: mean, expected: record.mean },
    { what: 'spread', found: Math.sqrt(variance), expected: record.std },
  ];
}

/** [N, H, W, C] (or [N, K]) of a record. */
export function recordedShape({ shape }: TensorRecord, layout: 'NCHW' | 'NHWC'): readonly number[] {
  const axes = layout === 'NCHW' && shape.length === 4 ? [0, 2, 3, 1] : shape.map((_, axis) => axis);
  return axes.map((axis) => shape[axis] ?? 1);
}

/** Position in NHWC of a position in NCHW. */
function inMemory(position: number, cells: number, channels: number): number {
  const channel = Math.floor(position / cells) % channels;
  const image = Math.floor(position / (cells * channels));
  return (image * cells + (position % cells)) * channels + channel;
}
