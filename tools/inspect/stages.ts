import * as tf from '@tensorflow/tfjs';
import type { State } from '../../backbones/family.js';
import { type Architecture, countParameters, createParameters, type Level } from '../../backbones/index.js';
import { idOf, type Operation, placeholder, withoutValues } from '../../engine/shapes/shapes.js';
import { followFields, PIXEL, receptiveField } from './fields.js';

export interface StageTable {
  /** Where its map is read, by the original's name. */
  readonly tap: string;
  /** The feature map read after this stage. */
  readonly level: Level | null;
  /** Input pixels per cell after this stage. */
  readonly stride: number;
  /** [height, width] of its map, cells. */
  readonly size: readonly [height: number, width: number];
  readonly channels: number;
  readonly parameters: number;
  /** Multiply-accumulates for one image, those of attention included. */
  readonly macs: number;
  /** Values that its convolutions and dense layers give, for one image. */
  readonly activations: number;
  /** [height, width] of what a cell of its map sees, input pixels; null: the whole image. */
  readonly receptiveField: readonly [height: number, width: number] | null;
}

/** Stages of a network, and all operations of a run of them. */
export interface StageTrace {
  readonly stages: readonly StageTable[];
  readonly operations: readonly Operation[];
  readonly imageId: number;
  /** Ids of its feature maps. */
  readonly mapIds: readonly number[];
}

/**
 * Builds and runs a network stage by stage on one image, without values.
 *
 * @param image [height, width, channels]
 */
export function traceStages(network: Architecture, image: readonly [number, number, number]): StageTrace {
  const { result } = withoutValues(() => {
    tf.engine().startScope('stages');
    try {
      return runStages(network, image);
    } finally {
      tf.engine().endScope();
    }
  });
  return result;
}

function runStages({ stages }: Architecture, image: readonly [number, number, number]): StageTrace {
  const parameters = createParameters(1);
  const images = placeholder<tf.Rank.R4>([1, ...image]);
  const imageId = idOf(images);
  const fields = new Map([[imageId, PIXEL]]);
  const operations: Operation[] = [];
  const mapIds: number[] = [];
  let state: State = [images];
  let stride = 1;
  let counted = 0;
  const rows = stages.map((stage): StageTable => {
    const run = withoutValues(() => stage.build(parameters)(state, { training: false }));
    state = run.result;
    followFields(fields, run.operations);
    operations.push(...run.operations);
    const [map] = state;
    if (stage.level !== null) mapIds.push(idOf(map));
    stride *= stage.stride;
    const before = counted;
    counted = countParameters(parameters);
    const layers = run.operations.filter(({ macs }) => macs > 0);
    const [tall, wide] = receptiveField(fields.get(idOf(map)) ?? PIXEL);
    return {
      tap: stage.tap,
      level: stage.level,
      stride,
      channels: stage.channels,
      size: [map.shape[1], map.shape[2]],
      parameters: counted - before,
      macs: layers.reduce((sum, { macs }) => sum + macs, 0),
      activations: layers.reduce((sum, { output }) => sum + output.reduce((product, side) => product * side, 1), 0),
      receptiveField: Number.isFinite(tall) && Number.isFinite(wide) ? [tall, wide] : null,
    };
  });
  parameters.dispose();
  return { stages: rows, operations, imageId, mapIds };
}

/** As text: one side where both are equal. */
export function describeField(field: StageTable['receptiveField']): string {
  if (field === null) return 'everything';
  const [height, width] = field;
  return height === width ? `${height}` : `${height} x ${width}`;
}
