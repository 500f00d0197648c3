import { describe, expect, it } from 'vitest';
import { countParameters, isBackboneArch } from '../../../backbones/index.js';
import { createSegmenter, PRESET_NAMES } from '../../../heads/index.js';
import { describeModels, modelRows } from '../../../tools/inspect/all.js';
import { countBackbone, countModel } from '../../../tools/inspect/counts.js';
import { golden } from '../../data.js';

interface Published {
  readonly model: string;
  readonly params: number;
  readonly backbone: number;
}
const { rows: detectors } = golden<{ rows: readonly Published[] }>('heads/table.json.gz');
const { rows: backbones } = golden<{ rows: readonly { model: string; featuresParameters?: number }[] }>(
  'backbones/table.json.gz',
);

const byName = ([a]: readonly unknown[], [b]: readonly unknown[]): number => String(a).localeCompare(String(b));

describe('counting without weights', () => {
  it('gives every preset the parameters it was published with', () => {
    const rows = modelRows([]);
    expect(rows.map(({ name }) => name)).toEqual(PRESET_NAMES);
    const counted = rows.map(({ name, parameters, backboneParameters }) => [name, parameters, backboneParameters]);
    const published = detectors.map((row) => [
      row.model.replace('tf_', '').replaceAll('_', '-'),
      row.params,
      row.backbone,
    ]);
    expect(counted.sort(byName)).toEqual(published.sort(byName));
  });

  it('gives every backbone the recorded parameters of its features', () => {
    const known = backbones.flatMap(({ model, featuresParameters }) =>
      featuresParameters !== undefined && isBackboneArch(model) ? [[model, featuresParameters] as const] : [],
    );
    for (const [model, parameters] of known) expect(countBackbone(model), model).toBe(parameters);
    expect(known.length).toBeGreaterThanOrEqual(13);
  });

  it('agrees with a segmenter that was built', () => {
    const neck = { channels: 40, repeats: 2 } as const; // 40 is also P3's width: that map is not projected
    const { model, config } = createSegmenter({ classes: 5, inputSize: [64, 64], neck, head: { channels: 24 } });
    expect(countModel(config, 5)).toBe(countParameters(model));
    model.dispose();
  });
});

describe('the table of all networks', () => {
  const rows = modelRows([
    { config: 'bccd-lite0.yaml', metric: 'AP 0.5' },
    { config: 'coco128-overfit.yaml', metric: 'AP50 0.9' },
    { config: 'axon-semantic.yaml', metric: null },
  ]);

  it('has a figure where a config trained the preset, and a row for a network that is none', () => {
    expect(rows.filter(({ measured }) => measured.length > 0)).toMatchObject([
      { name: 'efficientdet-lite0', measured: ['bccd-lite0: AP 0.5', 'coco128-overfit: AP50 0.9'] },
    ]);
    expect(rows.at(-1)).toMatchObject({
      name: 'axon-semantic',
      backbone: 'tf_efficientnet_lite0',
      head: 'semantic',
      classes: 3,
      measured: [],
      inputSize: [512, 512],
      neck: { kind: 'bifpn', channels: 64, repeats: 3 },
    });
    expect(rows).toHaveLength(PRESET_NAMES.length + 1);
  });

  it('is written for a terminal and for a page', () => {
    const text = describeModels(rows, { markdown: false }).split('\n');
    expect(text.find((line) => line.startsWith('efficientdet-lite0 '))).toMatch(
      /tf_efficientnet_lite0 +bifpn 64 x 3 +retina +320 +3,243,470 +bccd-lite0: AP 0\.5; coco128-overfit: AP50 0\.9$/,
    );
    const [head, rule, ...lines] = describeModels(rows, { markdown: true }).split('\n');
    expect(head).toMatch(/^\| network +\| backbone +\| neck +\|/);
    expect(rule).toMatch(/^(\| -+ ){7}\|$/);
    expect(lines.map((line) => line.split('|')[1]?.trim())).toEqual([
      '`efficientdet-d0` ... `efficientdet-d7x`',
      '`efficientdet-lite0`',
      '`efficientdet-lite1` ... `axon-semantic`',
    ]);
    expect(lines[0]).toMatch(
      /`tf_efficientnet_b0` ... `tf_efficientnet_b7` +\| bifpn 64 x 3 ... bifpn 384 x 8 .*\| not trained +\|$/,
    );
  });
});
