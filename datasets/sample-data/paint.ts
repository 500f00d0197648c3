import type { Random } from '../../engine/random.js';
import type { RgbPixels } from '../sample.js';
import { edgeDistance, type Outline } from './outline.js';
import { HEIGHT, type Scene, WIDTH } from './scene.js';

export type Colour = readonly [number, number, number];

/** Behind all cells. */
export const GROUND: Colour = [226, 219, 222];
/** Colour of a strip of tissue, on which cells lie, too. */
export const TISSUE: Colour = [214, 190, 186];
const SPECK: Colour = [128, 86, 150];
const DISC_RIM: Colour = [203, 126, 136];
const DISC_CENTRE: Colour = [222, 172, 176];
const CYTOPLASM: Colour = [186, 172, 206];
const NUCLEUS: Colour = [98, 62, 138];
const GRADIENT = 22;
const NOISE = 5;
/** Width of the soft edge of a cell, pixels. */
const SOFTNESS = 1.5;

/** Colour of a kind at a fraction of the way to the edge, in a direction. */
type Texture = (part: number, angle: number) => Colour;

/**
 * Paints a scene as a microscope camera would see it: uneven light, soft focus, grain.
 *
 * @param groundAt what lies behind the cells. Defaults to one colour
 */
export function paintScene(
  { cells, random }: Scene,
  groundAt: (x: number, y: number) => Colour = () => GROUND,
): RgbPixels {
  const canvas = paintBackground(random, groundAt);
  for (const { kind, outlines } of cells) {
    for (const outline of outlines) paintCell(canvas, outline, textureOf(kind, random));
  }
  const soft = blur(canvas);
  const data = new Uint8Array(soft.length);
  for (let i = 0; i < data.length; i += 3) {
    const grain = NOISE * random.normal();
    for (let c = 0; c < 3; c++) data[i + c] = Math.min(255, Math.max(0, Math.round((soft[i + c] as number) + grain)));
  }
  return { data, width: WIDTH, height: HEIGHT };
}

/** A slanted gradient, and darker corners. */
function paintBackground(random: Random, groundAt: (x: number, y: number) => Colour): Float64Array {
  const angle = random.uniform(0, 2 * Math.PI);
  const [dx, dy] = [Math.cos(angle), Math.sin(angle)];
  const light = random.uniform(-12, 8);
  const canvas = new Float64Array(WIDTH * HEIGHT * 3);
  for (let y = 0, i = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++, i += 3) {
      const [u, v] = [x / WIDTH - 0.5, y / HEIGHT - 0.5];
      const shade = light + GRADIENT * (u * dx + v * dy) - 26 * (u * u + v * v);
      const [red, green, blue] = groundAt(x, y);
      canvas.set([red + shade, green + shade, blue + shade], i);
    }
  }
  return canvas;
}

function textureOf(kind: number, random: Random): Texture {
  const tint = random.uniform(-14, 14);
  const shade = ([r, g, b]: Colour): Colour => [r + tint, g + tint, b + tint];
  if (kind === 0) return () => shade(SPECK);
  if (kind === 1) return (part) => shade(mix(DISC_CENTRE, DISC_RIM, Math.min(1, part * part * 1.3)));
  const lobes = Array.from({ length: 2 + random.integer(3) }, () => ({
    angle: random.uniform(0, 2 * Math.PI),
    distance: random.uniform(0.2, 0.5),
    size: random.uniform(0.26, 0.4),
  }));
  return (part, angle) => {
    const nearest = Math.min(...lobes.map((lobe) => distanceTo(lobe, part, angle) / lobe.size));
    return shade(mix(NUCLEUS, CYTOPLASM, Math.min(1, Math.max(0, (nearest - 0.9) * 6))));
  };
}

function distanceTo(lobe: { angle: number; distance: number }, part: number, angle: number): number {
  const x = part * Math.cos(angle) - lobe.distance * Math.cos(lobe.angle);
  const y = part * Math.sin(angle) - lobe.distance * Math.sin(lobe.angle);
  return Math.sqrt(x * x + y * y);
}

function paintCell(canvas: Float64Array, outline: Outline, texture: Texture): void {
  const reach = outline.radius * 1.4 + SOFTNESS;
  const [x0, x1] = [Math.max(0, Math.floor(outline.x - reach)), Math.min(WIDTH - 1, Math.ceil(outline.x + reach))];
  const [y0, y1] = [Math.max(0, Math.floor(outline.y - reach)), Math.min(HEIGHT - 1, Math.ceil(outline.y + reach))];
  for (let y = y0; y <= y1; y++) {
    for (let x = x0; x <= x1; x++) {
      const [dx, dy] = [x + 0.5 - outline.x, y + 0.5 - outline.y];
      const angle = Math.atan2(dy, dx);
      const distance = Math.sqrt(dx * dx + dy * dy);
      const edge = edgeDistance(outline, angle);
      const cover = Math.min(1, Math.max(0, (edge - distance) / SOFTNESS + 0.5));
      if (cover === 0) continue;
      const colour = texture(distance / edge, angle);
      const i = (y * WIDTH + x) * 3;
      for (let c = 0; c < 3; c++) {
        const under = canvas[i + c] as number;
        canvas[i + c] = under + cover * ((colour[c] as number) - under);
      }
    }
  }
}

function mix(from: Colour, to: Colour, share: number): Colour {
  const at = (c: 0 | 1 | 2) => from[c] + share * (to[c] - from[c]);
  return [at(0), at(1), at(2)];
}

/** 1 2 1 along rows, then along columns; edges repeat. */
function blur(canvas: Float64Array): Float64Array {
  const rows = smooth(canvas, WIDTH, HEIGHT, 3, WIDTH * 3);
  return smooth(rows, HEIGHT, WIDTH, WIDTH * 3, 3);
}

function smooth(from: Float64Array, length: number, lines: number, step: number, lineStep: number): Float64Array {
  const to = new Float64Array(from.length);
  for (let line = 0; line < lines; line++) {
    for (let k = 0; k < length; k++) {
      const i = line * lineStep + k * step;
      const [before, after] = [k > 0 ? i - step : i, k < length - 1 ? i + step : i];
      for (let c = 0; c < 3; c++) {
        to[i + c] = ((from[before + c] as number) + 2 * (from[i + c] as number) + (from[after + c] as number)) / 4;
      }
    }
  }
  return to;
}
