import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../../engine/random.js';
import { createDetector, type Detector } from '../../../heads/index.js';
import { convertWeights } from '../../../pretrained/convert.js';
import { automlEfficientDet } from '../../../pretrained/naming/efficientDet.js';
import { exportStateDict, loadStateDict } from '../../../pretrained/stateDict.js';
import type { HostTensors } from '../../../weights/hostTensor.js';
import { heldTensor, type WeightedLayer, type WeightsFile } from '../../../weights/weightsFile.js';

/** google/automl's variables -> ours; with the scope of the network, or the optimizer's average, as checkpoints have them. */
const PAIRS = {
  'efficientnet-lite0/stem/conv2d/kernel': 'backbone.conv_stem.weight',
  'efficientnet-lite0/stem/tpu_batch_normalization/gamma': 'backbone.bn1.weight',
  'efficientnet-lite0/blocks_0/depthwise_conv2d/depthwise_kernel:0': 'backbone.blocks.0.0.conv_dw.weight',
  'efficientnet-lite0/blocks_0/conv2d/kernel': 'backbone.blocks.0.0.conv_pw.weight',
  'efficientnet-lite0/blocks_0/tpu_batch_normalization_1/beta': 'backbone.blocks.0.0.bn2.bias',
  'efficientnet-lite0/blocks_2/conv2d/kernel': 'backbone.blocks.1.1.conv_pw.weight',
  'efficientnet-lite0/blocks_2/conv2d_1/kernel': 'backbone.blocks.1.1.conv_pwl.weight',
  'efficientnet-lite0/blocks_2/tpu_batch_normalization_2/moving_variance': 'backbone.blocks.1.1.bn3.running_var',
  'resample_p6/conv2d/bias': 'fpn.resample.3.conv.conv.bias',
  'resample_p6/bn/moving_mean': 'fpn.resample.3.conv.bn.running_mean',
  'fpn_cells/cell_0/fnode1/resample_0_2_6/conv2d/kernel': 'fpn.cell.0.fnode.1.combine.resample.2.conv.conv.weight',
  'fpn_cells/cell_2/fnode7/op_after_combine12/conv/pointwise_kernel':
    'fpn.cell.2.fnode.7.after_combine.conv.conv_pw.weight',
  'fpn_cells/cell_2/fnode7/op_after_combine12/bn/gamma': 'fpn.cell.2.fnode.7.after_combine.conv.bn.weight',
  'class_net/class-1/depthwise_kernel/ExponentialMovingAverage': 'class_net.conv_rep.1.conv_dw.weight',
  'class_net/class-1-bn-7/gamma': 'class_net.bn_rep.1.4.bn.weight',
  'class_net/class-predict/bias': 'class_net.predict.conv_pw.bias',
  'box_net/box-2/pointwise_kernel': 'box_net.conv_rep.2.conv_pw.weight',
  'box_net/box-2-bn-3/beta': 'box_net.bn_rep.2.0.bn.bias',
} as const;

let source: Detector;
let state: HostTensors;
const create = (): Detector => createDetector({ preset: 'efficientdet-lite0', classes: 2, inputSize: [64, 64] });

beforeAll(async () => {
  source = create();
  const random = createRandom([3]);
  for (const { variable, role } of source.model.parameters.values()) {
    if (role === 'weight') continue;
    const values = Float32Array.from(
      { length: variable.size },
      () => (role === 'bias' ? 0.2 : 1) + 0.2 * random.normal(),
    );
    tf.tidy(() =>
      variable.assign(
        tf.tensor(
          values.map((v) => (role === 'bias' ? v : Math.abs(v) + 0.5)),
          variable.shape,
        ),
      ),
    );
  }
  state = await exportStateDict(source.model);
});
afterAll(() => source.model.dispose());

it("google/automl's variables have our names", () => {
  const rename = automlEfficientDet(state.keys());
  for (const [theirs, own] of Object.entries(PAIRS)) expect(rename(theirs)).toBe(own);
  expect(rename('global_step')).toBe('global_step');
});

describe('a TFLite EfficientDet-Lite', () => {
  /** What the converter leaves of the network: norms folded into filters, one copy for each level in the heads. */
  function folded(): WeightsFile {
    const tensors = new Map<string, ReturnType<typeof heldTensor>>();
    const layers: WeightedLayer[] = [];
    const values = (name: string): Float32Array => state.get(name)?.data as Float32Array;
    const add = (
      kind: WeightedLayer['kind'],
      layer: string,
      norm: string | null,
      names: readonly [string, string, string],
    ) => {
      const [input, output, weightName] = names;
      const { data, shape } = state.get(`${layer}.weight`) as { data: Float32Array; shape: readonly number[] };
      const [outputs = 1, inner = 1, ...window] = shape;
      const cells = window.reduce((product, side) => product * side, 1);
      const own = state.has(`${layer}.bias`) ? values(`${layer}.bias`) : new Float32Array(outputs);
      const scale = own.map((_, c) =>
        norm === null
          ? 1
          : (values(`${norm}.weight`)[c] as number) / Math.sqrt((values(`${norm}.running_var`)[c] as number) + 1e-3),
      );
      const bias = own.map((b, c) =>
        norm === null
          ? b
          : (b - (values(`${norm}.running_mean`)[c] as number)) * (scale[c] as number) +
            (values(`${norm}.bias`)[c] as number),
      );
      const weight = new Float32Array(data.length); // [out, cells, in], or [cells, channels]
      data.forEach((value, i) => {
        const [o, j, cell] = [Math.floor(i / (inner * cells)), Math.floor(i / cells) % inner, i % cells];
        weight[kind === 'depthwise' ? cell * outputs + o : (o * cells + cell) * inner + j] =
          value * (scale[o] as number);
      });
      const sides = kind === 'depthwise' ? [1, ...window, outputs] : [outputs, ...window, inner];
      tensors.set(weightName, heldTensor({ dtype: 'F32', shape: sides, data: weight }));
      tensors.set(`${weightName}/b`, heldTensor({ dtype: 'F32', shape: [outputs], data: bias }));
      layers.push({ kind, weight: weightName, bias: `${weightName}/b`, axes: 'tflite', path: null, input, output });
    };
    const conv = (layer: string, norm: string, path: string, normPath: string): void => {
      const depthwise = state.get(`${layer}.weight`)?.shape[1] === 1 && layer.endsWith('conv_dw');
      add(depthwise ? 'depthwise' : 'convolution', layer, norm, [
        'x',
        `${normPath}/FusedBatchNormV3;${path}/Conv2D`,
        path,
      ]);
    };
    const separable = (layer: string, norm: string | null, output: string, path: string): void => {
      add('depthwise', `${layer}.conv_dw`, null, ['x', `${path}/separable_conv2d/depthwise`, `constant ${layer}`]);
      add('convolution', `${layer}.conv_pw`, norm, [
        `${path}/separable_conv2d/depthwise`,
        output,
        `constant ${path} ${output}`,
      ]);
    };
    for (const [net, short] of [
      ['class_net', 'class'],
      ['box_net', 'box'],
    ] as const) {
      for (const level of [0, 1, 2, 3, 4]) {
        for (const repeat of [0, 1, 2]) {
          const path = `det/${net}/${short}-${repeat}${level === 0 ? '' : `_${level}`}`;
          const output = `Relu6;det/${net}/${short}-${repeat}-bn-${level + 3}/FusedBatchNormV3;${path}/separable_conv2d`;
          separable(`${net}.conv_rep.${repeat}`, `${net}.bn_rep.${repeat}.${level}.bn`, output, path);
        }
        const path = `det/${net}/${short}-predict${level === 0 ? '' : `_${level}`}`;
        separable(`${net}.predict`, null, `Identity_${net}_${level}`, path); // outputs of the graph lose their names
      }
    }
    for (const name of state.keys()) {
      const [, cell, node] = /^fpn\.cell\.(\d)\.fnode\.(\d)\.after_combine\.conv\.conv_pw\.weight$/.exec(name) ?? [];
      if (cell === undefined) continue;
      const scope = `det/fpn_cells/cell_${cell}/fnode${node}/op_after_combine${5 + Number(node)}`;
      const layer = `fpn.cell.${cell}.fnode.${node}.after_combine.conv`;
      separable(layer, `${layer}.bn`, `${scope}/bn/FusedBatchNormV3;${scope}/conv/separable_conv2d`, `${scope}/conv`);
    }
    for (const name of state.keys()) {
      const [, own, cell, node, level] =
        /^(fpn\.cell\.(\d)\.fnode\.(\d)\.combine\.resample\.(\d)\.conv)\.conv\.weight$/.exec(name) ?? [];
      if (own === undefined) continue;
      const scope = `det/fpn_cells/cell_${cell}/fnode${node}/resample_0_${level}_${5 + Number(node)}`;
      conv(`${own}.conv`, `${own}.bn`, `${scope}/conv2d`, `${scope}/bn`);
    }
    conv('fpn.resample.3.conv.conv', 'fpn.resample.3.conv.bn', 'det/resample_p6/conv2d', 'det/resample_p6/bn');
    const lite = 'det/efficientnet-lite0';
    conv('backbone.conv_stem', 'backbone.bn1', `${lite}/stem/conv2d`, `${lite}/stem/tpu_batch_normalization`);
    const blocks = [
      ...new Set([...state.keys()].flatMap((name) => /^backbone\.blocks\.\d+\.\d+/.exec(name)?.[0] ?? [])),
    ];
    blocks.forEach((block, index) => {
      const parts = state.has(`${block}.conv_pwl.weight`)
        ? (['conv_pw:conv2d', 'conv_dw:depthwise_conv2d', 'conv_pwl:conv2d_1'] as const)
        : (['conv_dw:depthwise_conv2d', 'conv_pw:conv2d'] as const);
      parts.forEach((part, i) => {
        const [layer, theirs] = part.split(':');
        const norm = `tpu_batch_normalization${i === 0 ? '' : `_${i}`}`;
        const scope = `${lite}/blocks_${index}`;
        conv(`${block}.${layer}`, `${block}.bn${i + 1}`, `${scope}/${theirs}`, `${scope}/${norm}`);
      });
    });
    return { format: 'tflite', tensors, metadata: {}, layers: layers.reverse() }; // in no order that we know
  }

  it('gives the network that it was made of, whose levels share filters under norms of their own', () => {
    const target = create();
    const { report, tensors, scheme } = convertWeights(folded(), target.model);
    expect(scheme).toBe('graph');
    expect(report).toMatchObject({ missing: [], unexpected: [], reshaped: [] });
    loadStateDict(target.model, tensors, { partial: false });
    tf.tidy(() => {
      const images = tf.randomUniform<tf.Rank.R4>([1, 64, 64, 3], -1, 1, 'float32', 5);
      const [own, theirs] = [target, source].map(({ model }) => model.forward(images, { training: false }));
      for (const part of ['logits', 'offsets'] as const) {
        const [a, b] = [own, theirs].map((raw) => raw?.[part].dataSync() as Float32Array);
        const spread = Math.max(...(b ?? []).map(Math.abs));
        const difference = Math.max(...(a ?? []).map((value, i) => Math.abs(value - (b?.[i] ?? Number.NaN))));
        expect(difference / spread, part).toBeLessThan(1e-4);
      }
    });
    target.model.dispose();
  });

  it('reports a layer that is not there, and one that the network does not have', () => {
    const file = folded();
    const layers = (file.layers ?? []).filter(({ output }) => !output.includes('class-1-bn-5'));
    const extra = { ...layers[0]!, kind: 'dense', weight: 'more', bias: null, input: '', output: 'more' } as const;
    const { report } = convertWeights({ ...file, layers: [...layers, extra] }, source.model, { partial: ['*'] });
    expect(report.missing).toContain('class_net.conv_rep.1.conv_pw.weight');
    expect(report.unexpected).toContain('more');
  });
});
