import { expect, it } from 'vitest';
import { fitDrawing } from '../../../tools/draw/shrink.js';

it('an image with more pixels than a drawing has is drawn smaller, boxes and classes with it', () => {
  const image = { data: Uint8Array.from({ length: 5 * 4 * 3 }, (_, i) => i), width: 5, height: 4 };
  const boxes = { boxes: Float32Array.of(0, 0, 4, 2), labels: Int32Array.of(1), scores: Float32Array.of(0.5) };
  const classMap = { mask: Uint8Array.from({ length: 20 }, (_, i) => i), width: 5, height: 4 };
  const whole = fitDrawing(image, { boxes, classMap }, 20);
  expect(whole.image).toBe(image);
  const small = fitDrawing(image, { boxes, classMap }, 19);
  expect([small.image.width, small.image.height]).toEqual([3, 2]);
  expect([...small.image.data.subarray(0, 6)]).toEqual([0, 1, 2, 6, 7, 8]);
  expect([...(small.overlay.boxes?.boxes ?? [])]).toEqual([0, 0, 2, 1]);
  expect(small.overlay.classMap).toEqual({ mask: Uint8Array.of(0, 2, 4, 10, 12, 14), width: 3, height: 2 });
  expect(fitDrawing(image, {}, 1).image).toMatchObject({ width: 1, height: 1 });
});
