import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { withoutValues } from '../../engine/shapes/shapes.js';
import { createDetector } from '../../heads/index.js';
import { fileShape } from '../../pretrained/layout.js';
import { bestWeights, findReleased, networkOf, releasedWeights } from '../../pretrained/networks.js';
import { RELEASED_WEIGHTS } from '../../pretrained/released.js';
import { dataMissing, dataPath } from '../data.js';
import effdet from '../golden/weights/effdet.json' with { type: 'json' };

const recorded = dataPath('released_weights.json');

describe('published weights', () => {
  it('have one row each, with a digest, over https', () => {
    expect(RELEASED_WEIGHTS).toHaveLength(328);
    expect(new Set(RELEASED_WEIGHTS.map(({ name }) => name)).size).toBe(328);
    for (const { digits, url } of RELEASED_WEIGHTS) {
      expect(digits).toMatch(/^[0-9a-f]{8}$/);
      expect(url).toMatch(/^https:/);
    }
  });

  it.skipIf(dataMissing !== undefined || !existsSync(recorded))('say what was recorded of their publishers', () => {
    const { rows } = JSON.parse(readFileSync(recorded, 'utf8')) as { rows: readonly Record<string, unknown>[] };
    for (const row of rows) {
      const { name, source, arch, task, url, licence, mean, input, crop } = row;
      const entry = RELEASED_WEIGHTS.find((candidate) => candidate.name === name);
      expect(entry).toMatchObject({ source, arch, task, url, licence, digits: row.sha256 });
      if (row.source !== 'timm 1.0.31') continue;
      expect(entry?.classes).toBe(row.classes);
      expect(entry?.pixels).toBe((input as number[])[1]);
      expect(entry?.evaluation?.crop).toBe(crop);
      const scaled = (mean as number[]).map((value) => value * 255);
      entry?.preprocessing?.mean.forEach((value, i) => {
        expect(value).toBeCloseTo(scaled[i] ?? Number.NaN, 3);
      });
    }
  });

  it('know the networks they are for', () => {
    const network = (name: string) => networkOf(RELEASED_WEIGHTS.find((entry) => entry.name === name)!);
    expect(network('tf_efficientnet_b0.ns_jft_in1k')).toEqual({ backbone: 'tf_efficientnet_b0' });
    expect(network('torchvision.regnet_y_400mf.IMAGENET1K_V2')).toEqual({ backbone: 'regnety_004' });
    expect(network('tf_efficientdet_d3_ap')).toEqual({ preset: 'efficientdet-d3' });
    expect(network('tf_efficientdet_lite3x')).toEqual({ preset: 'efficientdet-lite3x' });
    expect(network('torchvision.swin_t.IMAGENET1K_V1')).toBeNull();
    expect(network('torchvision.fcos_resnet50_fpn.COCO_V1')).toBeNull();
    expect(RELEASED_WEIGHTS.filter((entry) => networkOf(entry)).length).toBeGreaterThan(190);
  });

  it("of detectors have effdet's names and shapes in ours, of every size", () => {
    for (const [arch, expected] of Object.entries(effdet.networks)) {
      const entry = RELEASED_WEIGHTS.find(({ name }) => name === arch);
      const found = entry && networkOf(entry);
      if (!found || !('preset' in found)) throw new Error(`no preset of ${arch}`);
      const lines = withoutValues(() => {
        const { model } = createDetector({ preset: found.preset, classes: 90 });
        const names = [...model.parameters].map(
          ([name, { variable, layout }]) => `${name}|${fileShape(variable.shape, layout).join(',')}`,
        );
        model.dispose();
        return names;
      }).result;
      const sha256 = createHash('sha256').update(lines.sort().join('\n')).digest('hex');
      expect({ tensors: lines.length, sha256 }, arch).toEqual(expected);
    }
  });

  it('are listed by task and by either name of the network', () => {
    expect(releasedWeights({ task: 'detection' }).every(({ task }) => task === 'detection')).toBe(true);
    const names = releasedWeights({ arch: 'mobilenetv2_100' }).map(({ name }) => name);
    expect(names).toEqual([
      'mobilenetv2_100.ra_in1k',
      'torchvision.mobilenet_v2.IMAGENET1K_V1',
      'torchvision.mobilenet_v2.IMAGENET1K_V2',
    ]);
    expect(releasedWeights({ arch: 'efficientdet-d0' }).map(({ name }) => name)).toEqual([
      'tf_efficientdet_d0',
      'tf_efficientdet_d0_ap',
    ]);
  });

  it('of a network by its name alone are the best that may be used commercially', () => {
    expect(bestWeights('tf_efficientnetv2_s')?.name).toBe('tf_efficientnetv2_s.in21k_ft_in1k');
    expect(bestWeights('tf_efficientnet_b0')?.name).toBe('tf_efficientnet_b0.ns_jft_in1k');
    expect(bestWeights('resnet18')?.licence).not.toContain('-nc');
    expect(bestWeights('resnet18')?.name).toBe('resnet18.a1_in1k');
    expect(findReleased('tf_efficientdet_d0')?.name).toBe('tf_efficientdet_d0');
    expect(findReleased('resnet50.tv2_in1k')?.name).toBe('resnet50.tv2_in1k');
    expect(findReleased('resnet51')).toBeUndefined();
  });
});
