import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRandom, hashName, type Random } from '../../engine/random.js';
import { encodeIndexedPng, encodeStablePng } from '../decode/encodePng.js';
import type { RgbPixels } from '../sample.js';
import { drawFolder, type SampleOptions, type SampleSummary } from './folder.js';
import { createOutline } from './outline.js';
import { patientsOf } from './patients.js';
import { createPlane, curveCover, eachInside, grained } from './texture.js';

/** Raised when the pictures or the truth change. */
const VERSION = 1;
const [WIDTH, HEIGHT] = [256, 192];
const CLASSES = ['background', 'regular', 'irregular'] as const;
const PALETTE = [
  [0, 0, 0],
  [128, 0, 0],
  [0, 128, 0],
] as const;
type Colour = readonly [number, number, number];
const LIGHT: Colour = [236, 190, 166];
const DARK: Colour = [134, 88, 62];
/** Colours that an irregular lesion has patches of. */
const PATCHES: readonly Colour[] = [
  [58, 36, 30],
  [96, 84, 98],
  [150, 62, 56],
];

/**
 * Draws dermatology-like photos, 256 x 192 RGB, of skin of any tone with freckles, hairs and uneven light; one or two lesions in most:
 * regular ones of one brown, irregular ones with ragged edges and patches, some hardly darker than the skin. Two photos of each patient;
 * the last fifth of the patients validates. The same seed gives the same bytes:
 *
 *     train/images/patient-000-0.png, train/masks/patient-000-0.png      palette: 0 background, 1 regular, 2 irregular
 *     val/images/patient-048-0.png, ...
 *
 * @throws as drawFolder
 */
export async function drawSkin(options: SampleOptions): Promise<SampleSummary> {
  const { images, seed } = options;
  const { views, train, val } = patientsOf(images);
  const made = await drawFolder({ name: 'skin', version: VERSION }, options, async (root) => {
    for (const folder of ['train/images', 'train/masks', 'val/images', 'val/masks'])
      await mkdir(join(root, folder), { recursive: true });
    for (const { patient, view, part } of views) {
      const name = `${patient}-${view}.png`;
      const tone = createRandom([seed, hashName(patient), hashName('tone')]).next();
      const { image, mask } = drawPhoto(createRandom([seed, hashName(patient), view]), tone);
      await writeFile(join(root, part, 'images', name), encodeStablePng(image));
      const map = { data: mask, width: WIDTH, height: HEIGHT };
      await writeFile(join(root, part, 'masks', name), encodeIndexedPng(map, PALETTE));
    }
  });
  return { ...made, train, val, classes: CLASSES.slice(1) };
}

const mix = (from: Colour, to: Colour, share: number): Colour => {
  const at = (c: 0 | 1 | 2): number => from[c] + share * (to[c] - from[c]);
  return [at(0), at(1), at(2)];
};

function drawPhoto(random: Random, tone: number): { readonly image: RgbPixels; readonly mask: Uint8Array } {
  const skin = mix(LIGHT, DARK, tone);
  const size = createPlane(WIDTH, HEIGHT);
  const canvas = new Float64Array(3 * WIDTH * HEIGHT);
  const grain = grained(WIDTH, HEIGHT, GRAINS, random);
  const [angle, slope] = [random.uniform(0, 2 * Math.PI), random.uniform(10, 40)];
  const light = Float64Array.from(grain, (value, i) => {
    const [u, v] = [(i % WIDTH) / WIDTH - 0.5, Math.floor(i / WIDTH) / HEIGHT - 0.5];
    return value + slope * (u * Math.cos(angle) + v * Math.sin(angle)) - 50 * (u * u + v * v);
  });
  for (let i = 0; i < light.length; i++) canvas.set(skin, 3 * i);
  const blend = (at: number, colour: Colour, share: number): void => {
    for (let c = 0; c < 3; c++) {
      const under = canvas[3 * at + c] as number;
      canvas[3 * at + c] = under + share * ((colour[c] as number) - under);
    }
  };
  for (let i = 0, count = random.integer(30); i < count; i++) {
    const freckle = createOutline(
      random.uniform(0, WIDTH),
      random.uniform(0, HEIGHT),
      random.uniform(1, 3.2),
      0.1,
      random,
    );
    const depth = random.uniform(0.15, 0.5);
    eachInside(size, freckle, 1.3, (at, part) => blend(at, mix(skin, BROWN, 0.8), depth * soft(1 - part, 0.15)));
  }
  const mask = drawLesions(size, blend, skin, random);
  for (let i = 0, count = random.integer(13); i < count; i++) {
    const [x, y, turn, bend] = [
      random.uniform(0, WIDTH),
      random.uniform(0, HEIGHT),
      random.uniform(0, 2 * Math.PI),
      random.uniform(-1, 1),
    ];
    const length = random.uniform(40, 130);
    const at = (t: number) =>
      [x + length * t * Math.cos(turn + bend * t), y + length * t * Math.sin(turn + bend * t)] as const;
    const cover = curveCover(size, { at, radius: () => 0.8 });
    for (const [pixel, share] of cover) blend(pixel, HAIR, 0.8 * share);
  }
  const data = Uint8Array.from(canvas, (value, i) => {
    const shade = light[Math.floor(i / 3)] as number;
    return Math.min(255, Math.max(0, Math.round(value + shade + 4 * random.normal())));
  });
  return { image: { data, width: WIDTH, height: HEIGHT }, mask };
}

const GRAINS = [
  [48, 6],
  [16, 5],
  [6, 5],
  [2, 4],
] as const;
const BROWN: Colour = [88, 52, 38];
const HAIR: Colour = [44, 34, 30];
const soft = (value: number, width: number): number => 1 / (1 + Math.exp(-value / width));
/** One of so many photos shows no lesion. */
const EMPTY = 6;
const TRIES = 20;

function drawLesions(
  size: Parameters<typeof eachInside>[0],
  blend: (at: number, colour: Colour, share: number) => void,
  skin: Colour,
  random: Random,
): Uint8Array {
  const mask = new Uint8Array(WIDTH * HEIGHT);
  const places: (readonly [number, number, number])[] = [];
  if (random.integer(EMPTY) === 0) return mask;
  for (let i = 0, count = 1 + random.integer(2); i < count; i++) {
    const index = 1 + random.integer(2);
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const radius = random.uniform(12, index === 1 ? 26 : 36);
      const [x, y] = [random.uniform(10, WIDTH - 10), random.uniform(10, HEIGHT - 10)];
      if (places.some(([u, v, r]) => (u - x) ** 2 + (v - y) ** 2 < (1.4 * (r + radius)) ** 2)) continue;
      places.push([x, y, radius]);
      const outline = createOutline(x, y, radius, index === 1 ? 0.05 : 0.16, random);
      const [depth, edge] = [random.uniform(0.35, 0.85), random.uniform(0.03, 0.09)];
      const tones = PATCHES.map((colour) => ({ colour, noise: grained(WIDTH, HEIGHT, [[11, 1]], random) }));
      const own = mix(skin, BROWN, random.uniform(0.7, 1));
      eachInside(size, outline, 1.4, (at, part) => {
        const cover = depth * soft(1 - part, edge);
        blend(at, own, cover);
        if (index === 2)
          for (const { colour, noise } of tones)
            blend(at, colour, 0.7 * cover * soft((noise[at] as number) - 0.9, 0.15));
        if (part < 1) mask[at] = index;
      });
      break;
    }
  }
  return mask;
}
