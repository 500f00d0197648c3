import type { Random } from '../../engine/random.js';
import { createPixels, type PixelType, typeOf } from '../pixelTypes.js';
import { objectsOf, type PixelData, type Truth } from '../sample.js';
import { type Affine, compose, IDENTITY, shift } from './affine.js';
import { type Deformation, joined } from './deformation.js';
import { opOf } from './ops/index.js';
import type { Canvas, Frame, Rectangle } from './ops/op.js';
import type { OpCall } from './policies/policy.js';
import type { Region } from './region.js';
import { type Fill, warpImage } from './warp.js';

/** The map of all calls that move the image, one after the other, in pixels of the input. */
export const movementOf = (calls: readonly OpCall[], { left, top, ...size }: Rectangle, random: Random): Affine =>
  calls.filter(movesImage).reduce((map, { op, value }) => {
    const own = mapOf(op, value, { ...size, whole: size }, random);
    return own === null ? map : compose(map, compose(compose(shift(-left, -top), own), shift(left, top)));
  }, IDENTITY);

/** How all calls that bend the image do so together; null: none does. */
export const bendingOf = (calls: readonly OpCall[], over: Rectangle, random: Random): Deformation | null =>
  calls.reduce<Deformation | null>((bent, { op: name, value, perObject }) => {
    const op = opOf(name);
    if (op.kind !== 'bending' || perObject !== undefined) return bent;
    const own = op.field(value, over, random);
    return bent === null ? own : joined(bent, own);
  }, null);

const movesImage = ({ op, perObject }: OpCall): boolean => perObject === undefined && opOf(op).kind !== 'pixels';

function mapOf(name: OpCall['op'], value: number, frame: Frame, random: Random): Affine | null {
  const op = opOf(name);
  return op.kind === 'geometric' ? op.map(value, frame, random) : null;
}

/** The calls that are left once the image is moved. */
export const remaining = (calls: readonly OpCall[]): readonly OpCall[] => calls.filter((call) => !movesImage(call));

/** An image in its place of a batch. */
export interface Placed {
  readonly pixels: PixelData;
  readonly size: readonly [height: number, width: number];
  readonly channels: number;
  readonly region: Region;
  readonly fill: Fill;
  /** Standard deviation of each channel. */
  readonly spread: readonly number[];
  /** In pixels of the input. */
  readonly truth: Truth;
}

const NO_BOXES = new Float64Array(0);

/** Changes an image that is in its place, by every call in its order. */
export function applyCalls(calls: readonly OpCall[], placed: Placed, random: Random): void {
  const { pixels, size, channels, region, fill, spread } = placed;
  if (region.right <= region.left || region.bottom <= region.top) return;
  const boxes = objectsOf(placed.truth)?.boxes ?? NO_BOXES;
  const canvas = { pixels, width: size[1], channels, region, first: 0, end: channels, fill, spread, boxes, random };
  for (const call of calls) {
    if (call.perObject === undefined) changePixels(call, canvas);
    else changeObjects(call, call.perObject, canvas, size);
  }
}

function changePixels({ op: name, value, across = value, channel }: OpCall, canvas: Canvas): void {
  const op = opOf(name);
  if (op.kind !== 'pixels') return;
  op.apply(channel === undefined ? canvas : { ...canvas, first: channel, end: channel + 1 }, value, across);
}

/** What an object shows, by itself; its box stays. */
function changeObjects(
  call: OpCall,
  probability: number,
  canvas: Canvas,
  size: readonly [height: number, width: number],
): void {
  const { boxes, random, region } = canvas;
  const whole = { width: region.right - region.left, height: region.bottom - region.top };
  for (let at = 0; at < boxes.length; at += 4) {
    if (random.next() >= probability) continue;
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = boxes.subarray(at, at + 4);
    const part = {
      left: Math.floor(x1),
      top: Math.floor(y1),
      right: Math.min(size[1], Math.ceil(x2)),
      bottom: Math.min(size[0], Math.ceil(y2)),
    };
    const frame = { width: part.right - part.left, height: part.bottom - part.top };
    if (frame.width < 1 || frame.height < 1) continue;
    const map = mapOf(call.op, call.value, { ...frame, whole }, random);
    if (map === null) changePixels(call, { ...canvas, region: part });
    else movePart(canvas, part, map);
  }
}

/** A part of an image before and after it is moved, one of each type; they grow to the largest seen by this thread. */
const scratch = new Map<PixelType, readonly [PixelData, PixelData]>();

function movePart({ pixels, width, channels, fill }: Canvas, { left, top, right, bottom }: Region, map: Affine): void {
  const row = (right - left) * channels;
  const rows = bottom - top;
  const [before, after] = scratchOf(typeOf(pixels), row * rows);
  const at = (y: number): number => ((top + y) * width + left) * channels;
  for (let y = 0; y < rows; y++) before.set(pixels.subarray(at(y), at(y) + row), y * row);
  warpImage({ data: before, width: right - left, height: rows }, map, after, [rows, right - left], fill);
  for (let y = 0; y < rows; y++) pixels.set(after.subarray(y * row, (y + 1) * row), at(y));
}

/** Exactly so many values, as the number of channels is told by their number. */
function scratchOf(type: PixelType, count: number): readonly [PixelData, PixelData] {
  const known = scratch.get(type);
  const [before, after] =
    known !== undefined && known[0].length >= count ? known : [createPixels(type, count), createPixels(type, count)];
  scratch.set(type, [before, after]);
  return [before.subarray(0, count), after.subarray(0, count)];
}
