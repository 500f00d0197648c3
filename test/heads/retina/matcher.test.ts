import { describe, expect, it } from 'vitest';
import { BACKGROUND, createMatcher, EXCLUDED } from '../../../heads/retina/matcher.js';

// Four anchors of 10 x 10 pixels; three truths. IoU by hand (rows truths, columns anchors):
//   truth 0 = anchor 0                1    1/3  0    0
//   truth 1 = [5, 0, 15, 10]          1/3  1    1/3  0
//   truth 2 = [104, 0, 114, 10]       0    0    0    6/14 = 0.43
const anchors = Float32Array.from([0, 0, 10, 10, 5, 0, 15, 10, 10, 0, 20, 10, 100, 0, 110, 10]);
const truths = [0, 0, 10, 10, 5, 0, 15, 10, 104, 0, 114, 10];

function match(boxes: readonly number[], ignored: readonly number[], threshold = 0.5) {
  const into = new Int32Array(4).fill(99);
  const positives = createMatcher(anchors, threshold).match(
    { boxes: Float64Array.from(boxes), ignored: Uint8Array.from(ignored) },
    into,
  );
  return { into: [...into], positives };
}

describe('matcher', () => {
  it('gives each anchor the truth it overlaps most, and each truth its best anchor', () => {
    expect(match(truths, [0, 0, 0])).toEqual({ into: [0, 1, BACKGROUND, 2], positives: 3 });
  });

  it('matches at exactly the threshold', () => {
    // [0, 0, 10, 20] overlaps anchor 0 by 100 of 200 pixels
    expect(match([0, 0, 10, 20], [0]).into[0]).toBe(0);
    expect(match(truths, [0, 0, 0], 1 / 3)).toEqual({ into: [0, 1, 1, 2], positives: 4 });
  });

  it('lets the first truth have an anchor that two truths like best', () => {
    // anchor 0 overlaps both by 90 of 110 pixels
    expect(match([1, 0, 11, 10, 0, 1, 10, 11], [0, 0])).toEqual({
      into: [0, BACKGROUND, BACKGROUND, BACKGROUND],
      positives: 1,
    });
    // anchor 3 is the best of both, below the threshold for both
    expect(match([104, 0, 114, 10, 106, 0, 116, 10], [0, 0])).toEqual({
      into: [BACKGROUND, BACKGROUND, BACKGROUND, 0],
      positives: 1,
    });
  });

  it('forces no anchor on a truth that overlaps none', () => {
    expect(match([50, 50, 60, 60], [0])).toEqual({ into: [-1, -1, -1, -1], positives: 0 });
  });

  it('calls everything background when there is no truth, also after a call that matched', () => {
    const matcher = createMatcher(anchors, 0.5);
    const into = new Int32Array(4);
    matcher.match({ boxes: Float64Array.from(truths), ignored: new Uint8Array(3) }, into);
    expect(matcher.match({ boxes: new Float64Array(0), ignored: new Uint8Array(0) }, into)).toBe(0);
    expect([...into]).toEqual([-1, -1, -1, -1]);
  });

  it('excludes background anchors that lie half in an ignored region, and keeps matched ones', () => {
    // the region covers anchors 0 to 2; anchor 0 has its own truth
    expect(match([0, 0, 10, 10, 0, 0, 400, 10], [0, 1])).toEqual({
      into: [0, EXCLUDED, EXCLUDED, EXCLUDED],
      positives: 1,
    });
    expect(match([0, 0, 8, 10], [1])).toEqual({ into: [EXCLUDED, BACKGROUND, BACKGROUND, BACKGROUND], positives: 0 });
  });
});
