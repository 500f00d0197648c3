import * as tf from '@tensorflow/tfjs';
import { architectureOf, type BackboneArch, createBackbone } from '../../backbones/index.js';
import { compile, type Tree } from '../../engine/compile.js';
import { ready } from '../../engine/engine.js';
import { collectGraphs, countNodes } from '../../engine/tensorflow/trace/nodeCounts.js';
import '../../engine/tensorflow/tensorflow.js';
import { createDetector, PRESET_NAMES, type PresetName } from '../../heads/index.js';
import { formatTable } from '../table.js';
import { COCO_CLASSES } from './tables.js';

/** Nodes of one op in the graph of a forward pass. */
export interface GraphRow {
  readonly op: string;
  readonly traced: number;
  /** After TensorFlow's own optimization. */
  readonly optimized: number;
}

/**
 * Counts the nodes of a network's inference graph, weights as constants, batch 1.
 *
 * @throws EngineError when there is no TensorFlow library
 */
export async function graphRows(name: BackboneArch | PresetName): Promise<GraphRow[]> {
  await ready({ engine: 'tensorflow' });
  const { forward, size, dispose } = isPreset(name) ? detector(name) : backbone(name);
  const compiled = compile(forward, { name, constants: true });
  const images = tf.zeros<tf.Rank.R4>([1, ...size, 3]);
  const { before, after } = collectGraphs(() => tf.dispose(compiled(images) as tf.TensorContainer));
  images.dispose();
  compiled.dispose();
  dispose();
  const [traced, optimized] = [countNodes(before), countNodes(after)];
  const ops = [...new Set([...traced.keys(), ...optimized.keys()])];
  const rows = ops.map((op) => ({ op, traced: traced.get(op) ?? 0, optimized: optimized.get(op) ?? 0 }));
  return rows.sort((a, b) => b.traced - a.traced || b.optimized - a.optimized || a.op.localeCompare(b.op));
}

export function describeGraph(rows: readonly GraphRow[]): string {
  const total = (key: 'traced' | 'optimized'): number => rows.reduce((sum, row) => sum + row[key], 0);
  const cells = rows.map(({ op, traced, optimized }) => [op, traced, optimized]);
  return formatTable(['op', 'traced', 'optimized'], [...cells, ['all', total('traced'), total('optimized')]]);
}

interface Network {
  readonly forward: (images: tf.Tensor4D) => Tree;
  readonly size: readonly [height: number, width: number];
  readonly dispose: () => void;
}

const isPreset = (name: BackboneArch | PresetName): name is PresetName =>
  PRESET_NAMES.some((preset) => preset === name);

function detector(preset: PresetName): Network {
  const { model, inputSize } = createDetector({ preset, classes: COCO_CLASSES });
  return { forward: (images) => model.forward(images, { training: false }), size: inputSize, dispose: model.dispose };
}

function backbone(arch: BackboneArch): Network {
  const net = createBackbone({ arch, frozen: 'all', seed: 1 });
  const pixels = architectureOf(arch).inputPixels;
  return {
    forward: (images) => net.forward(images, { training: false }),
    size: [pixels, pixels],
    dispose: net.dispose,
  };
}
