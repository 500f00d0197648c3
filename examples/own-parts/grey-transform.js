/**
 * A transform of one's own: some training images lose their colours. It runs in loader workers.
 * In a config: `augment: { transforms: [{ module: ./grey-transform.js, share: 0.2 }] }`.
 */
import { defineTransform } from 'espalier/data';
import * as z from 'zod';

export default defineTransform({
  config: z.strictObject({ share: z.number().min(0).max(1).default(0.1).describe('Share of the images, 0..1') }),
  apply: (sample, { share }, random) => {
    if (random.next() >= share) return sample;
    const data = new Uint8Array(sample.image.data.length);
    for (let i = 0; i < data.length; i += 3) {
      const [red, green, blue] = sample.image.data.subarray(i, i + 3);
      data.fill(Math.round(0.299 * red + 0.587 * green + 0.114 * blue), i, i + 3); // luma of ITU-R BT.601
    }
    return { ...sample, image: { ...sample.image, data } };
  },
});
