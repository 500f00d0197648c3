import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAnchors, DEFAULT_ANCHORS } from '../../../heads/retina/anchors.js';
import { decodeBox, encodeBox } from '../../../heads/retina/boxCoder.js';
import { golden } from '../../data.js';
import { symmetric } from '../symmetric.js';
import { gridsOf } from './grids.js';

describe('box coder', () => {
  it('writes a box as shift and log ratio of its anchor, height first', () => {
    // anchor 20 wide and 10 high around (10, 5); truth 40 wide and 10 high around (14, 10)
    const offsets = new Float32Array(4);
    encodeBox(offsets, 0, [0, 0, 20, 10], [-6, 5, 34, 15], 0);
    expect(offsets[0]).toBeCloseTo(0.5, 6); // ty: 5 px down of 10
    expect(offsets[1]).toBeCloseTo(0.2, 6); // tx: 4 px right of 20
    expect(offsets[2]).toBeCloseTo(0, 6); // th: log(10 / 10)
    expect(offsets[3]).toBeCloseTo(Math.log(2), 6); // tw: log(40 / 20)
  });

  it('gives back every box it encoded', () => {
    const side = fc.double({ min: 2, max: 500, noNaN: true });
    const corner = fc.double({ min: -200, max: 1000, noNaN: true });
    fc.assert(
      fc.property(corner, corner, side, side, corner, corner, side, side, (ax, ay, aw, ah, bx, by, bw, bh) => {
        const anchor = Float32Array.from([ax, ay, ax + aw, ay + ah]);
        const box = [bx, by, bx + bw, by + bh];
        const offsets = new Float32Array(4);
        const back = new Float64Array(4);
        encodeBox(offsets, 0, anchor, box, 0);
        decodeBox(back, 0, anchor, offsets, 0);
        // offsets are float32: 2 ** -24 relative, of shifts up to 1200 px / 0.5 px anchors and of logs up to 7
        back.forEach((value, k) => {
          expect(Math.abs(value - box[k]!)).toBeLessThan(2e-3);
        });
      }),
      { seed: 1 },
    );
  });

  it('stays finite for a box without width or height', () => {
    const offsets = new Float32Array(4);
    encodeBox(offsets, 0, [0, 0, 8, 8], [3, 3, 3, 3], 0);
    expect([...offsets].every(Number.isFinite)).toBe(true);
  });

  it('decodes as the reference does', () => {
    const { image_size, decode } = golden<{
      image_size: [number, number];
      decode: { anchor_index: number[]; out_yxyx: { value: number[] } };
    }>('heads/postprocess.json.gz');
    const anchors = createAnchors({ ...DEFAULT_ANCHORS, inputSize: image_size, grids: gridsOf(image_size) });
    const relative = Float32Array.from(symmetric('dec_rel', 64 * 4));
    const picked = new Float32Array(64 * 4);
    const boxes = new Float64Array(64 * 4);
    decode.anchor_index.forEach((index, i) => {
      picked.set(anchors.subarray(index * 4, index * 4 + 4), i * 4);
    });
    for (let i = 0; i < 64; i++) {
      decodeBox(boxes, i, picked, relative, i);
      const [y1, x1, y2, x2] = decode.out_yxyx.value.slice(i * 4, i * 4 + 4);
      [x1, y1, x2, y2].forEach((value, k) => {
        expect(Math.abs(boxes[i * 4 + k]! - value!)).toBeLessThan(2e-4); // float32 of values up to 1000
      });
    }
  });
});
