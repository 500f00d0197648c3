import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { decodeImage, encodePng, shownImage } from '../../datasets/index.js';
import { patchOf } from '../../datasets/instanceMasks.js';
import { packPatch } from '../../datasets/packedMasks.js';
import { mapOf, type Shapes } from '../../datasets/pictures/index.js';
import type { RgbPixels } from '../../datasets/sample.js';
import { letterbox } from '../../datasets/transforms/index.js';
import type { KeptPicture } from '../../training/run/index.js';
import { type Canvas, copyOf, fillRectangle } from '../draw/canvas.js';
import { drawClassMap, drawDetections, drawLabels, drawOverlay } from '../draw/draw.js';

const [COLUMNS, TILE, GAP] = [4, 360, 8];

/** Pictures with what stands on them side by side, a PNG; null: there is none. */
export async function contactSheet(
  folder: string,
  pictures: readonly KeptPicture[],
  names: readonly string[],
): Promise<Uint8Array | null> {
  const files = pictures.filter(({ file }) => existsSync(join(folder, file)));
  const tiles = await Promise.all(
    files.map(async (picture) => drawShapes(enlarged(await decodeImage(join(folder, picture.file))), picture, names)),
  );
  return sheetOf(tiles);
}

/** Images side by side on white, a PNG; null: there is none. */
export function sheetOf(tiles: readonly Canvas[]): Uint8Array | null {
  const columns = Math.min(COLUMNS, tiles.length);
  const rows = Math.ceil(tiles.length / COLUMNS);
  if (columns === 0) return null;
  const [tileWidth, tileHeight] = [
    Math.max(...tiles.map(({ width }) => width)),
    Math.max(...tiles.map(({ height }) => height)),
  ];
  const sheet = { width: columns * (tileWidth + GAP) + GAP, height: rows * (tileHeight + GAP) + GAP };
  const canvas: Canvas = { ...sheet, data: new Uint8Array(sheet.width * sheet.height * 3).fill(255) };
  for (const [i, tile] of tiles.entries()) {
    const [column, row] = [i % columns, Math.floor(i / columns)];
    paste(canvas, tile, GAP + column * (tileWidth + GAP), GAP + row * (tileHeight + GAP));
  }
  return encodePng(canvas);
}

/** At the width of a tile, so that text is as large in every one. */
function enlarged(image: RgbPixels): RgbPixels {
  const size = [Math.max(1, Math.min(2 * TILE, Math.round((image.height / image.width) * TILE))), TILE] as const;
  return shownImage(letterbox(image, size, [255, 255, 255]));
}

function drawShapes(
  image: RgbPixels,
  { truth, answer, width, height, file }: KeptPicture,
  names: readonly string[],
): Canvas {
  const shapes: Shapes = answer ?? truth ?? {};
  const scale = Math.min(image.width / width, image.height / height);
  if (shapes.map) return drawClassMap(image, sized(mapOf(shapes.map), image), names);
  if (shapes.labels) return drawLabels(image, shapes.labels, names);
  const boxes = shapes.boxes ?? [];
  if (boxes.length === 0) return copyOf(image);
  const objects = {
    boxes: Float32Array.from(boxes.flatMap(({ box }) => box.map((edge) => edge * scale))),
    labels: Int32Array.from(boxes, ({ label }) => label),
    scores: Float32Array.from(boxes, ({ score }) => score ?? Number.NaN),
  };
  const masks = boxes.flatMap(({ outline }) => {
    const lines = outline?.map((line) => line.map((edge) => edge * scale)) ?? [];
    const patch = lines.length === 0 ? null : patchOf(lines, image.width, image.height, file);
    return patch ? [packPatch(patch, image)] : [];
  });
  const tinted = masks.length === boxes.length ? drawOverlay(image, { boxes: objects, masks }, names) : image;
  return drawDetections(tinted, objects, names);
}

/** A class map at the size of the image, nearest pixel. */
function sized({ mask, width, height }: ReturnType<typeof mapOf>, image: RgbPixels): ReturnType<typeof mapOf> {
  const at = (i: number, from: number, to: number): number => Math.min(from - 1, Math.floor(((i + 0.5) * from) / to));
  const grown = new Uint8Array(image.width * image.height);
  for (let y = 0; y < image.height; y++) {
    const row = at(y, height, image.height) * width;
    for (let x = 0; x < image.width; x++) grown[y * image.width + x] = mask[row + at(x, width, image.width)]!;
  }
  return { mask: grown, width: image.width, height: image.height };
}

function paste(canvas: Canvas, tile: Canvas, x: number, y: number): void {
  fillRectangle(canvas, x, y, x + tile.width, y + tile.height, [255, 255, 255]);
  for (let row = 0; row < tile.height; row++) {
    const from = tile.data.subarray(row * tile.width * 3, (row + 1) * tile.width * 3);
    canvas.data.set(from, ((y + row) * canvas.width + x) * 3);
  }
}
