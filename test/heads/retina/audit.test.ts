import { expect, it } from 'vitest';
import { createAnchors, DEFAULT_ANCHORS } from '../../../heads/retina/anchors.js';
import { bestAnchorIous } from '../../../heads/retina/audit.js';

const config = {
  ...DEFAULT_ANCHORS,
  inputSize: [96, 128],
  grids: [
    [12, 16],
    [6, 8],
    [3, 4],
  ],
} as const;

/** Of all anchors. */
function searched([x1, y1, x2, y2]: readonly [number, number, number, number]): number {
  const anchors = createAnchors(config);
  let best = 0;
  for (let i = 0; i < anchors.length; i += 4) {
    const [a1 = 0, b1 = 0, a2 = 0, b2 = 0] = anchors.subarray(i, i + 4);
    const width = Math.max(0, Math.min(x2, a2) - Math.max(x1, a1));
    const height = Math.max(0, Math.min(y2, b2) - Math.max(y1, b1));
    best = Math.max(best, (width * height) / ((x2 - x1) * (y2 - y1) + (a2 - a1) * (b2 - b1) - width * height));
  }
  return best;
}

it('the best anchor of a box is found among those of the nearest cells', () => {
  const boxes: (readonly [number, number, number, number])[] = [
    [0, 0, 1, 1],
    [4, 4, 36, 36], // the first anchor of the second cell, nearly
    [100, 70, 127, 95],
    [10, 40, 120, 44],
    [0, 0, 128, 96],
    [63, 11, 71, 90],
  ];
  let state = 7;
  const random = (): number => {
    state = (state * 16807) % 2147483647;
    return state / 2147483647;
  };
  for (let i = 0; i < 200; i++) {
    const [width, height] = [1 + 90 * random(), 1 + 70 * random()];
    const [x, y] = [(128 - width) * random(), (96 - height) * random()];
    boxes.push([x, y, x + width, y + height]);
  }
  const found = bestAnchorIous(config, Float64Array.from(boxes.flat()));
  for (const [i, box] of boxes.entries()) expect(found[i]).toBeCloseTo(searched(box), 4);
});
