import * as tf from '@tensorflow/tfjs-core';
import { valueAt } from '../../../engine/checked.js';
import { ACTIVATIONS, type MapLayer } from '../../layers/index.js';
import type { Pass } from '../../module.js';
import type { Parameters } from '../../parameters.js';
import { halve, operation, project } from './operations.js';
import type { CellSpec, NetworkSpec, Source } from './spec.js';

/** One cell with every number resolved. */
export interface CellPlan {
  /** State-dict path, e.g. 'cell_0'. */
  readonly path: string;
  readonly spec: CellSpec;
  /** Stride of the operations on the cell's inputs: 2 in a cell that halves the resolution. */
  readonly stride: number;
  /** Channels of every operation's result. */
  readonly width: number;
  /** Channels of the maps it sees; without `previous` it is the first cell, which sees one map. */
  readonly current: number;
  readonly previous?: number;
  /** True: the previous map has twice the resolution of the current one. */
  readonly isHalving: boolean;
  /** Channels of its map. */
  readonly channels: number;
}
export type Cell = (current: tf.Tensor4D, previous: tf.Tensor4D, pass: Pass) => tf.Tensor4D;

/** Cell: two rectified maps (the first cell: one as it is) give a rectified one. */
export function cell(parameters: Parameters, { halving }: NetworkSpec, plan: CellPlan): Cell {
  const { path, spec, stride, width, current, previous } = plan;
  const isFirst = previous === undefined;
  const projectCurrent = project(parameters, `${path}.conv_1x1`, current, width);
  const projectPrevious: MapLayer = isFirst
    ? (map) => map
    : plan.isHalving
      ? halve(parameters, `${path}.${halving === '' ? '' : `${halving}.`}`, previous, width)
      : project(parameters, `${path}.conv_prev_1x1`, previous, width);
  const pairs = spec.pairs.map((pair, i) =>
    pair.map(([kind, of], side) => {
      const name = `${path}.comb_iter_${i}_${side === 0 ? 'left' : 'right'}`;
      const inChannels = isFirst && of === 'previous' ? current : width;
      const step = typeof of === 'number' ? 1 : stride;
      const run = operation(parameters, name, kind, { stride: step, inChannels, outChannels: width });
      return { run, of };
    }),
  );
  return (currentMap, previousMap, pass) =>
    tf.tidy(() => {
      const results: tf.Tensor4D[] = [];
      const seen = {
        current: projectCurrent(isFirst ? ACTIVATIONS.relu(currentMap) : currentMap, pass),
        previous: projectPrevious(previousMap, pass),
      };
      const at = (of: Source | number): tf.Tensor4D => (typeof of === 'number' ? valueAt(results, of) : seen[of]);
      for (const [left, right] of pairs) {
        if (!left || !right) continue;
        results.push(tf.add(left.run(at(left.of), pass), right.run(at(right.of), pass)));
      }
      return ACTIVATIONS.relu(tf.concat(spec.joins.map(at), 3));
    });
}
