import type { TargetTypes } from '../../datasets/encoder.js';
import type { Description } from '../../deploy/description.js';
import type { Tree } from '../../engine/compile.js';
import { createModel } from '../../heads/createModel.js';
import type { Model, ModelConfig } from '../../heads/index.js';
import { readModel } from '../../heads/modelConfig.js';
import { assignFormula } from '../heads/formulaWeights.js';

/** [height, width], pixels. */
export const SIZE = [64, 96] as const;
const CLASSES = 3;

/** A small network with weights that are the same everywhere. */
export function buildNetwork(head: string) {
  const config = readModel({ backbone: 'mobilenetv2_035', inputSize: SIZE, head } as never, head as 'retina');
  const { model } = createModel(config as ModelConfig, { classes: CLASSES });
  assignFormula(model, 1);
  return model as unknown as Model<Tree, TargetTypes, unknown>;
}

export const describeAs = (answer: Description['answer'], more: Partial<Description> = {}): Description => ({
  format: 'espalier-network',
  version: 1,
  task: answer.kind === 'classMap' ? 'segmentation' : 'detection',
  classes: ['a', 'b', 'c'].map((name, id) => ({ id, name })),
  input: { name: 'images', batch: 1, size: SIZE, layout: 'NHWC', channels: 'RGB', fit: 'letterbox', fill: [0, 0, 0] },
  normalization: { mean: [0, 0, 0], std: [1, 1, 1] },
  answer,
  threshold: 0.3,
  precision: 'f32',
  provenance: {
    producer: 'espalier 1.2.3',
    backbone: 'mobilenetv2_035',
    neck: 'bifpn',
    head: 'retina',
    step: 7,
    weights: null,
    weightsLicence: null,
    licence: 'CC0-1.0',
  },
  ...more,
});

/** An image of that size. */
export const PIXELS = Float32Array.from({ length: SIZE[0] * SIZE[1] * 3 }, (_, i) => (Math.sin(i * 0.7) + 1) * 127);
