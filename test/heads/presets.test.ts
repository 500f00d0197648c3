import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { Module } from '../../backbones/module.js';
import { countParameters } from '../../backbones/parameters.js';
import { createDetector } from '../../heads/index.js';
import { PRESET_NAMES, type PresetName } from '../../heads/presets.js';
import { golden } from '../data.js';

interface Row {
  readonly model: string;
  readonly params: number;
  readonly backbone: number;
  readonly fpn: number;
  readonly class_net: number;
  readonly box_net: number;
}
const { rows } = golden<{ rows: readonly Row[] }>('heads/table.json.gz');

/** Parameters, without statistics, by the first part of their name. */
function counts(model: Module) {
  const sums: { [part: string]: number } = { params: countParameters(model) };
  for (const [name, { variable, role }] of model.parameters) {
    const part = name.slice(0, name.indexOf('.'));
    if (role !== 'statistic') sums[part] = (sums[part] ?? 0) + variable.size;
  }
  return sums;
}

/** The rest takes 20 seconds: tens of millions of random weights each. */
const SMALL: readonly PresetName[] = [
  'efficientdet-d0',
  'efficientdet-d1',
  'efficientdet-d2',
  'efficientdet-lite0',
  'efficientdet-lite1',
  'efficientdet-lite2',
  'efficientdet-lite3',
];
const NAMES = process.env.ESPALIER_TEST_ALL === '1' ? PRESET_NAMES : SMALL;

describe('presets', () => {
  it('have one row for each of the published networks', () => {
    const published = rows.map(({ model }) => model.replace('tf_', '').replaceAll('_', '-'));
    expect([...PRESET_NAMES].sort()).toEqual(published.sort());
  });

  it.each(NAMES)('%s has as many parameters as published, part by part', (preset) => {
    const row = rows.find(({ model }) => model === `tf_${preset.replaceAll('-', '_')}`)!;
    const { model } = createDetector({ preset, classes: 90, inputSize: [128, 128] });
    const { model: _, ...expected } = row;
    expect(counts(model)).toEqual(expected);
    model.dispose();
  });

  it('start every class at probability 0.01', () => {
    const before = tf.memory().numTensors;
    const { model } = createDetector({ preset: 'efficientdet-lite0', classes: 2, inputSize: [64, 64] });
    const bias = model.parameters.get('class_net.predict.conv_pw.bias')!.variable.dataSync();
    for (const value of bias) expect(1 / (1 + Math.exp(-value))).toBeCloseTo(0.01, 6);
    model.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuse an unknown name with the names there are', () => {
    const preset = 'efficientdet-d9' as PresetName;
    expect(() => createDetector({ preset, classes: 2 })).toThrow(/^model: preset: .*"efficientdet-d0"/);
  });
});
