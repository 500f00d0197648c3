import { packPatch, patchOfMask } from '../../datasets/packedMasks.js';
import { type ClassMap, IGNORED, type Instances, type PackedMask, type Panoptic } from '../../datasets/sample.js';
import { eachPixel } from '../../datasets/transforms/patches.js';
import type { MergeConfig } from './config.js';

/**
 * Objects and a class map as one answer: the best object takes its pixels first, one of which too little is left goes; classes
 * without objects get the rest, and those that cover too little of the image go.
 *
 * @param things best first
 * @param stuff  class indices; IGNORED where a pixel is that of an object, or not known
 * @source Kirillov et al. 2019, arXiv:1801.00868, section 6; Kirillov et al. 2019, arXiv:1901.02446, section 3.2
 */
export function mergePanoptic(things: Instances, stuff: ClassMap, options: MergeConfig): Panoptic {
  const { width, height } = stuff;
  const taken = new Uint8Array(width * height);
  const kept = Array.from(things.scores.keys()).flatMap((row) => {
    if (!(things.scores[row]! >= options.scoreThreshold)) return [];
    const mask = takePixels(things.masks[row]!, taken, stuff, options.visible);
    return mask === null ? [] : [{ row, mask }];
  });
  const counts = new Int32Array(IGNORED + 1);
  stuff.mask.forEach((label, at) => {
    if (taken[at] === 0) counts[label]!++;
  });
  const least = options.stuffShare * width * height;
  const mask = stuff.mask.map((label, at) => (taken[at] === 1 || counts[label]! < least ? IGNORED : label));
  return {
    things: {
      boxes: Float32Array.from(kept.flatMap(({ row }) => Array.from(things.boxes.subarray(row * 4, row * 4 + 4)))),
      labels: Int32Array.from(kept, ({ row }) => things.labels[row]!),
      scores: Float32Array.from(kept, ({ row }) => things.scores[row]!),
      masks: kept.map((one) => one.mask),
    },
    stuff: { mask, width, height },
  };
}

/** What of a mask is free, which is taken then; null: too little. */
function takePixels(mask: PackedMask, taken: Uint8Array, image: ClassMap, visible: number): PackedMask | null {
  const patch = patchOfMask(mask);
  if (patch === null) return null;
  const data = new Uint8Array(patch.data.length);
  let [all, left] = [0, 0];
  eachPixel(patch, image, (at, own) => {
    all++;
    if (taken[at] === 1) return;
    data[own] = 1;
    left++;
  });
  if (left === 0 || left < visible * all) return null;
  const free = { ...patch, data };
  eachPixel(free, image, (at) => {
    taken[at] = 1;
  });
  return left === all ? mask : packPatch(free, image);
}
