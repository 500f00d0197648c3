import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { FeatureMaps } from '../../../../backbones/features.js';
import type { Module, SegmentationEncoder } from '../../../../backbones/index.js';
import { createSemanticDecoderHead } from '../../../../heads/semantic/decoderHead.js';
import type { DecoderKind } from '../../../../heads/semantic/decoders/index.js';
import { formulaImage } from '../../../backbones/formula.js';
import { loadFormulaWeights } from '../../../backbones/loadFormulaWeights.js';
import { expectRecord, type TensorRecord } from '../../../backbones/records.js';
import { golden } from '../../../data.js';
import { symmetric, toChannelsLast } from '../../symmetric.js';
import { loadFormulaCheckpoint, referenceModel } from './referenceModel.js';

interface Recorded {
  readonly encoder: SegmentationEncoder;
  readonly classes: number;
  readonly gain: number;
  readonly decoderParameters: number;
  readonly headParameters: number;
  readonly stateDict: readonly string[];
  readonly cases: readonly { readonly size: readonly [number, number]; readonly output: TensorRecord }[];
}

interface Row {
  readonly file: string;
  readonly kind: DecoderKind;
  readonly settings?: object;
  readonly outputStride?: 8 | 16;
  readonly depth?: number;
}

const B0 = 'efficientnet-b0';
const ROWS: readonly Row[] = [
  { file: `Unet_${B0}`, kind: 'unet' },
  { file: `Unet_scse_${B0}`, kind: 'unet', settings: { attention: 'scse' } },
  { file: 'Unet_resnet34', kind: 'unet' },
  { file: `FPN_${B0}`, kind: 'fpn' },
  { file: `DeepLabV3_${B0}`, kind: 'deeplabv3', outputStride: 8 },
  { file: `DeepLabV3Plus_${B0}`, kind: 'deeplabv3plus', outputStride: 16 },
  { file: 'DeepLabV3Plus_resnet34', kind: 'deeplabv3plus', outputStride: 16 },
  { file: `PSPNet_${B0}`, kind: 'pspnet', depth: 3 },
  { file: `PAN_${B0}`, kind: 'pan', outputStride: 16 },
  { file: `Linknet_${B0}`, kind: 'linknet' },
  { file: `MAnet_${B0}`, kind: 'manet' },
  { file: `UPerNet_${B0}`, kind: 'upernet' },
  { file: `Segformer_${B0}`, kind: 'segformer-mlp' },
];

/** In WebAssembly the smaller image alone, and no encoder of 20 million parameters: it is slow there. */
const isSmall = process.env.ESPALIER_TEST_ENGINE === 'wasm';

describe.each(ROWS)('$file of segmentation_models_pytorch with formula weights', (row) => {
  const { kind, settings, outputStride = 32, depth = 5 } = row;

  it.skipIf(isSmall && row.file.endsWith('resnet34'))('gives the recorded logits, by its names', () => {
    const recorded = golden<Recorded>(`decoders/${row.file}.json.gz`);
    const cases = recorded.cases.slice(isSmall ? -1 : 0);
    const inputSize = cases[0]?.size ?? [128, 128]; // the other sizes are images that were not planned for
    const model = referenceModel({
      encoder: recorded.encoder,
      outputStride,
      depth,
      head: { decoder: { kind, ...settings }, classes: recorded.classes, inputSize: [...inputSize] },
    });
    const left = loadFormulaCheckpoint(model, recorded.stateDict, recorded.gain);
    expect(left.filter((name) => !name.startsWith('encoder.'))).toEqual([]);
    for (const { size, output } of cases) {
      const [height, width] = size;
      tf.tidy(() => {
        const images = tf.tensor4d(formulaImage(height, width), [1, height, width, 3]);
        expectRecord(model.run(images, { training: false }).logits, output, `logits of ${size}`);
      });
    }
    expect(countOf(model, 'decoder.')).toBe(recorded.decoderParameters);
    expect(countOf(model, 'segmentation_head.')).toBe(recorded.headParameters);
    model.dispose();
  });
});

it("lraspp gives torchvision's logits, by its names", () => {
  const { gain, shapes, inner, names, output } = golden<{
    readonly gain: number;
    readonly shapes: { readonly [K in 'P3' | 'P5']: readonly [number, number, number, number] };
    readonly inner: number;
    readonly names: readonly string[];
    readonly output: TensorRecord;
  }>('decoders/lraspp.json');
  const features = {
    P3: { channels: shapes.P3[1], stride: 8, tap: '' },
    P5: { channels: shapes.P5[1], stride: 16, tap: '' },
  };
  const head = createSemanticDecoderHead(
    { decoder: { kind: 'lraspp', channels: inner }, classes: 3, inputSize: [64, 96] },
    features,
  );
  expect([...head.parameters.keys()].sort()).toEqual(names);
  loadFormulaWeights(head, gain);
  tf.tidy(() => {
    const maps = (['P3', 'P5'] as const).map((level) => {
      const [, channels, height, width] = shapes[level];
      const values = toChannelsLast(symmetric(level, channels * height * width), channels, height * width);
      return [level, tf.tensor4d(values, [1, height, width, channels])] as const;
    });
    const { logits } = head.forward(Object.fromEntries(maps) as FeatureMaps, { training: false });
    expectRecord(logits, output, 'logits');
  });
  head.dispose();
});

/** Parameters below a path, without statistics. */
function countOf({ parameters }: Module, path: string): number {
  const own = [...parameters].filter(([name, { role }]) => name.startsWith(path) && role !== 'statistic');
  return own.reduce((sum, [, { variable }]) => sum + variable.size, 0);
}
