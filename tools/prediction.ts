import { basename, extname, join } from 'node:path';
import type { Answer } from '../configs/network.js';
import { encodePng } from '../datasets/decode/index.js';
import { type ClassMap, type Detections, IGNORED, type Pixels } from '../datasets/sample.js';
import { makeFolder, writeWhole } from '../engine/files/write.js';
import { shownName } from '../engine/printable.js';
import { drawClassMap, drawDetections } from './draw/draw.js';

/** An answer for machines, for people and for the eye. */
export interface Described {
  readonly value: unknown;
  readonly text: string;
  readonly drawn: Pixels;
}

/** @param threshold lowest score of a box that is reported */
export function describeAnswer(
  { file, image, result }: Answer,
  names: readonly string[],
  threshold: number,
): Described {
  if ('classMap' in result) {
    const shares = classShares(result.classMap, names);
    const lines = shares.map(({ label, share }) => `  ${(100 * share).toFixed(1).padStart(5)} %  ${shownName(label)}`);
    const value = { image: file, classes: shares };
    return { value, text: [shownName(file), ...lines].join('\n'), drawn: drawClassMap(image, result.classMap, names) };
  }
  const kept = aboveThreshold(result.detections, threshold);
  const detections = Array.from(kept.scores, (score, index) => {
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = kept.boxes.subarray(index * 4, index * 4 + 4);
    return { label: names[kept.labels[index] ?? 0] ?? '', score, box: [x1, y1, x2, y2] };
  });
  const lines = detections.map(
    ({ label, score, box }) =>
      `  ${score.toFixed(3)}  ${shownName(label)}  [${box.map((edge) => edge.toFixed(1)).join(', ')}]`,
  );
  return {
    value: { image: file, detections },
    text: [shownName(file), ...(lines.length === 0 ? ['  nothing'] : lines)].join('\n'),
    drawn: drawDetections(image, kept, names),
  };
}

/** Detections come best first: those from the threshold up are a prefix. */
function aboveThreshold({ boxes, labels, scores }: Detections, threshold: number): Detections {
  const first = scores.findIndex((score) => score < threshold);
  const count = first < 0 ? scores.length : first;
  return { boxes: boxes.subarray(0, count * 4), labels: labels.subarray(0, count), scores: scores.subarray(0, count) };
}

/** Fraction of the image that each class covers. */
function classShares({ mask }: ClassMap, names: readonly string[]): { label: string; share: number }[] {
  const counts = new Float64Array(IGNORED + 1);
  for (const label of mask) counts[label]!++;
  return names.map((label, index) => ({ label, share: counts[index]! / Math.max(1, mask.length) }));
}

/**
 * Writes `<image>.png` into the folder, whole or not at all; a second image of the same name gets a number.
 *
 * @throws WriteError when the disk is full or the folder cannot be written
 */
export function writeDrawing(image: Pixels, file: string, folder: string, taken = written): string {
  const remedy = 'choose another folder with --out';
  makeFolder(folder, remedy);
  let path = drawingOf(file, folder);
  for (let number = 2; taken.has(path); number++) path = drawingOf(file, folder, `-${number}`);
  taken.add(path);
  writeWhole(path, [encodePng(image)], remedy);
  return path;
}

/** Where the drawing of an image goes. */
export function drawingOf(file: string, folder: string, suffix = ''): string {
  return join(folder, `${basename(file, extname(file))}${suffix}.png`);
}

const written = new Set<string>();
