import { createRandom } from '../../../engine/random.js';
import { limitsOf, nearestWithin, typeOf } from '../../pixelTypes.js';
import type { PixelOp } from './op.js';

const COUNT = 2 ** 16;
/** Normal numbers, and the same with the other sign; made once. Drawing them anew for every value takes five times as long. */
let normals: Float32Array | null = null;

function makeNormals(): Float32Array {
  const random = createRandom([0x6e]);
  const made = new Float32Array(COUNT);
  for (let i = 0; i < COUNT; i += 2) {
    made[i] = random.normal();
    made[i + 1] = -(made[i] as number);
  }
  return made;
}

/**
 * The same number for all channels of a pixel.
 *
 * @source batchgeneratorsv2's GaussianNoiseTransform as nnU-Net has it: synchronised channels, of images of deviation 1
 */
export const noise: PixelOp = {
  kind: 'pixels',
  images: 'any',
  value: "standard deviation, parts of the channel's own",
  limits: [0, 10],
  apply: ({ pixels, width, channels, region, first, end, spread, random }, deviation) => {
    normals ??= makeNormals();
    const limits = limitsOf(typeOf(pixels));
    const table = normals;
    for (let y = region.top; y < region.bottom; y++) {
      for (let x = region.left; x < region.right; x++) {
        const drawn = (table[random.integer(COUNT)] as number) * deviation;
        const at = (y * width + x) * channels;
        for (let c = first; c < end; c++) {
          pixels[at + c] = nearestWithin(limits, (pixels[at + c] as number) + drawn * (spread[c] ?? spread[0] ?? 1));
        }
      }
    }
  },
};
