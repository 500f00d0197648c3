import { createRandom } from '../../engine/random.js';
import { channelsOf, createPixels, limitsOf, nearestWithin, type PixelType, typeOf } from '../pixelTypes.js';
import type { Placement } from '../placement.js';
import type { InstanceTruth, MaskPatch, PixelData, Sample, Truth } from '../sample.js';
import { shift } from './affine.js';
import { applyAugmentation, drawAugmentation } from './augment.js';
import type { AugmentConfig } from './augmentConfig.js';
import { eraseMasks, eraseRectangle, joinTruths, type Part, pick } from './join.js';
import type { Layer, Mixing } from './mixing.js';
import { addressable, type Region } from './region.js';
import { moveTruth } from './truths.js';

/** One image drawn into its place of a batch. */
export interface Drawn {
  readonly truth: Truth;
  /** Placement of the first image that is drawn. */
  readonly placement: Placement;
}

/**
 * Draws an image, or several that become one, into a place of a batch.
 *
 * @param samples the image, then its partners in the order of `partnersOf`
 * @param stream  address of the image's random stream; each partner has one below it
 */
export function drawMixed(
  samples: readonly Sample[],
  mixing: Mixing | null,
  config: AugmentConfig,
  into: PixelData,
  stream: readonly number[],
): Drawn {
  const [first, ...partners] = samples;
  if (first === undefined) throw new RangeError('there is no image to draw');
  const streamOf = (partner: number): readonly number[] => [...stream, PARTNERS, partner];
  const tiles = mixing?.mosaic?.partners.length ?? 0;
  const base = mixing?.mosaic
    ? drawMosaic([first, ...partners.slice(0, tiles)], mixing.mosaic, config, into, stream, streamOf)
    : drawAlone(first, config, into, stream);
  let truth = base.truth;
  (mixing?.layers ?? []).forEach((layer, i) => {
    const partner = partners[tiles + i];
    if (partner === undefined) return;
    const over = canvasOf(typeOf(into), into.length);
    const above = drawAlone(partner, config, over, streamOf(tiles + i)).truth;
    truth = lay(layer, truth, above, { into, over, channels: channelsOf(partner.image), config });
  });
  return { truth, placement: base.placement };
}

/** Before the position of a partner in the address of its random stream. */
export const PARTNERS = 2;

function drawAlone(sample: Sample, config: AugmentConfig, into: PixelData, stream: readonly number[]): Drawn {
  const drawn = drawAugmentation(config, sample.image, createRandom(stream), sample.truth);
  return { truth: applyAugmentation(sample, drawn, into), placement: drawn.placement };
}

/** Another image of the input's size or a part of it, one for each type; grows to the largest of this thread. */
const canvases = new Map<PixelType, PixelData>();

function canvasOf(type: PixelType, count: number): PixelData {
  const known = canvases.get(type);
  const canvas = known !== undefined && known.length >= count ? known : createPixels(type, count);
  canvases.set(type, canvas);
  return canvas.subarray(0, count);
}

/** Smallest scale of a tile: of what the image alone would have. */
const SMALLEST = 0.5;

/**
 * Four images, each a crop of its own, at half to all of the scale that it has alone: objects are not much smaller.
 *
 * @source Bochkovskiy et al. 2020, arXiv:2004.10934
 */
function drawMosaic(
  samples: readonly Sample[],
  { x, y }: { readonly x: number; readonly y: number },
  config: AugmentConfig,
  into: PixelData,
  stream: readonly number[],
  streamOf: (partner: number) => readonly number[],
): Drawn {
  const [height, width] = config.size;
  const [across, down] = [Math.round(x * width), Math.round(y * height)];
  const parts: Part[] = [];
  let placement: Placement | null = null;
  samples.forEach((sample, i) => {
    const [left, right] = i % 2 === 0 ? [0, across] : [across, width];
    const [top, bottom] = i < 2 ? [0, down] : [down, height];
    const size = [bottom - top, right - left] as const;
    if (size[0] < 1 || size[1] < 1) return;
    const channels = channelsOf(sample.image);
    const tile = canvasOf(typeOf(into), size[0] * size[1] * channels);
    const drawn = drawAlone(sample, tileConfig(config, size, sample.image), tile, i === 0 ? stream : streamOf(i - 1));
    const row = size[1] * channels;
    for (let line = 0; line < size[0]; line++) {
      into.set(tile.subarray(line * row, (line + 1) * row), ((top + line) * width + left) * channels);
    }
    placement ??= drawn.placement;
    parts.push({ truth: drawn.truth, left, top });
  });
  if (placement === null) throw new RangeError('a mosaic has no tile');
  return { truth: joinTruths(parts, config.size), placement };
}

/** Scales are measured by the whole input, not by the tile. */
function tileConfig(
  config: AugmentConfig,
  size: readonly [number, number],
  image: { readonly width: number; readonly height: number },
): AugmentConfig {
  const fitting = ([height, width]: readonly [number, number]): number =>
    Math.min(height / image.height, width / image.width);
  const ratio = config.fit === 'native' ? 1 : fitting(config.size) / fitting(size);
  const [low, high] = config.scale;
  return { ...config, size, scale: [low * SMALLEST * ratio, high * ratio] };
}

interface Canvases {
  readonly into: PixelData;
  readonly over: PixelData;
  readonly channels: number;
  readonly config: AugmentConfig;
}

function lay(layer: Layer, below: Truth, above: Truth, canvases: Canvases): Truth {
  if (layer.kind === 'mixup') return blend(layer.share, below, above, canvases);
  if (layer.kind === 'cutmix') return cut(layer, below, above, canvases);
  return below.kind === 'instances' && above.kind === 'instances' ? paste(layer.seed, below, above, canvases) : below;
}

function blend(share: number, below: Truth, above: Truth, { into, over, config }: Canvases): Truth {
  const limits = limitsOf(typeOf(into));
  for (let i = 0; i < into.length; i++) {
    into[i] = nearestWithin(limits, (into[i] as number) * share + (over[i] as number) * (1 - share));
  }
  const parts = [
    { truth: below, left: 0, top: 0, share },
    { truth: above, left: 0, top: 0, share: 1 - share },
  ];
  return joinTruths(parts, config.size);
}

function cut(
  { area, x, y }: Extract<Layer, { readonly kind: 'cutmix' }>,
  below: Truth,
  above: Truth,
  { into, over, channels, config }: Canvases,
): Truth {
  const [height, width] = config.size;
  const half = Math.sqrt(area) / 2;
  const region = addressable(
    [(x - half) * width, (y - half) * height, (x + half) * width, (y + half) * height],
    config.size,
  );
  const [columns, rows] = [region.right - region.left, region.bottom - region.top];
  if (columns < 1 || rows < 1) return below;
  copyRows(region, width, channels, over, into);
  const share = (columns * rows) / (width * height);
  const movement = {
    affine: shift(-region.left, -region.top),
    size: [rows, columns] as const,
    minVisible: config.minVisible,
  };
  const parts = [
    { truth: eraseRectangle(below, region, config.minVisible), left: 0, top: 0, share: 1 - share },
    { truth: moveTruth(above, movement), left: region.left, top: region.top, share },
  ];
  return joinTruths(parts, config.size);
}

function copyRows(
  { left, top, right, bottom }: Region,
  width: number,
  channels: number,
  from: PixelData,
  into: PixelData,
) {
  for (let y = top; y < bottom; y++) {
    const at = (y * width + left) * channels;
    into.set(from.subarray(at, at + (right - left) * channels), at);
  }
}

/** Each object of the other image is taken or not, equally likely. */
function paste(
  seed: number,
  below: InstanceTruth,
  above: InstanceTruth,
  { into, over, channels, config }: Canvases,
): Truth {
  const random = createRandom([seed]);
  const rows = Array.from(above.labels.keys()).filter(
    (i) => random.next() < 0.5 && !above.ignored[i] && (above.masks[i]?.data.length ?? 0) > 0,
  );
  if (rows.length === 0) return below;
  const masks = rows.map((i) => above.masks[i] as MaskPatch);
  for (const mask of masks) copyMask(mask, config.size[1], channels, over, into);
  const taken: InstanceTruth = { kind: 'instances', ...pick(above, rows), masks };
  const parts = [
    { truth: eraseMasks(below, masks, config.minVisible), left: 0, top: 0 },
    { truth: taken, left: 0, top: 0 },
  ];
  return joinTruths(parts, config.size);
}

function copyMask(
  { left, top, width: columns, height, data }: MaskPatch,
  width: number,
  channels: number,
  from: PixelData,
  into: PixelData,
): void {
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < columns; x++) {
      if (!data[y * columns + x]) continue;
      const at = ((top + y) * width + left + x) * channels;
      for (let c = 0; c < channels; c++) into[at + c] = from[at + c] as number;
    }
  }
}
