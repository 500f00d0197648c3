import { describe, expect, it } from 'vitest';
import { anchorsPerCell, countAnchors, createAnchors, DEFAULT_ANCHORS } from '../../../heads/retina/anchors.js';
import { golden } from '../../data.js';
import { gridsOf } from './grids.js';

interface AnchorGolden {
  readonly sets: readonly {
    readonly config: string;
    readonly image_size: [number, number];
    readonly anchor_scale: readonly number[];
    readonly aspect_ratios: readonly [number, number][];
    readonly num_scales: number;
    readonly min_level: number;
    readonly max_level: number;
    readonly count: number;
    readonly feat_sizes: readonly [number, number][];
    readonly index: readonly number[];
    /** ymin xmin ymax xmax. */
    readonly box: readonly [number, number, number, number][];
    readonly mean: readonly number[];
  }[];
}

const recorded = golden<AnchorGolden>('heads/anchors.json.gz');

describe.each(recorded.sets)('anchors of $config at $image_size', (set) => {
  const levels = Array.from({ length: set.max_level - set.min_level + 1 }, (_, i) => set.min_level + i);
  const config = {
    inputSize: set.image_size,
    grids: gridsOf(set.image_size, levels),
    anchorScale: set.anchor_scale[0]!,
    scalesPerOctave: set.num_scales,
    aspects: set.aspect_ratios,
  };
  const anchors = createAnchors(config);

  it('are as many as the reference has, on the same grids', () => {
    expect(countAnchors(config)).toBe(set.count);
    expect(config.grids).toEqual(set.feat_sizes.slice(set.min_level));
  });

  it('are the same boxes in the same order', () => {
    // float32 against float32: the reference rounds its intermediate products, up to a few units in the last place
    set.index.forEach((row, i) => {
      const [y1, x1, y2, x2] = set.box[i]!;
      [x1, y1, x2, y2].forEach((value, k) => {
        expect(Math.abs(anchors[row * 4 + k]! - value)).toBeLessThanOrEqual(1e-6 * Math.max(8, ...set.image_size));
      });
    });
    const mean = [0, 0, 0, 0];
    for (let i = 0; i < anchors.length; i++) mean[i % 4]! += anchors[i]! / set.count;
    const [y1, x1, y2, x2] = set.mean;
    expect(mean[0]).toBeCloseTo(x1!, 3);
    expect(mean[1]).toBeCloseTo(y1!, 3);
    expect(mean[2]).toBeCloseTo(x2!, 3);
    expect(mean[3]).toBeCloseTo(y2!, 3);
  });
});

it('puts one square of four cells on a single cell', () => {
  const config = { inputSize: [8, 8], grids: [[1, 1]], anchorScale: 4, scalesPerOctave: 1, aspects: [[1, 1]] } as const;
  expect([...createAnchors(config)]).toEqual([-12, -12, 20, 20]);
  expect(anchorsPerCell(DEFAULT_ANCHORS)).toBe(9);
});
