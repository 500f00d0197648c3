import type { ClassScores, Detections, Instances, PackedMask } from '../../datasets/sample.js';
import { valueAt } from '../../engine/checked.js';
import type { DescribeOptions } from './task.js';

/** An object that was found: pixels of the image, x right, y down, ends exclusive. */
export interface FoundObject {
  readonly label: string;
  /** In 0..1. */
  readonly score: number;
  readonly box: readonly [x1: number, y1: number, x2: number, y2: number];
}

/** An object that was found, with its pixels. */
export interface FoundInstance extends FoundObject {
  readonly segmentation: PackedMask;
}

/** A class of an image with its probability. */
export interface NamedClass {
  readonly label: string;
  /** In 0..1. */
  readonly probability: number;
}

/** Classes that are told of an image, where they exclude each other. */
const TOP = 5;

/** Detections come best first: those from the threshold up are a prefix. */
export function aboveThreshold({ boxes, labels, scores }: Detections, threshold: number): Detections {
  const first = scores.findIndex((score) => score < threshold);
  const count = first < 0 ? scores.length : first;
  return { boxes: boxes.subarray(0, count * 4), labels: labels.subarray(0, count), scores: scores.subarray(0, count) };
}

/** The objects from the threshold up, best first, with the names of their classes. */
export function foundObjects(result: Detections, { names, threshold }: DescribeOptions): readonly FoundObject[] {
  const { boxes, labels, scores } = aboveThreshold(result, threshold);
  return Array.from(scores, (score, index) => {
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = boxes.subarray(index * 4, index * 4 + 4);
    return { label: names[labels[index] ?? 0] ?? '', score, box: [x1, y1, x2, y2] };
  });
}

/** The same, each with its mask. */
export function foundInstances(result: Instances, told: DescribeOptions): readonly FoundInstance[] {
  const objects = foundObjects(result, told);
  return result.masks
    .slice(0, objects.length)
    .map((segmentation, i) => Object.assign({}, objects[i], { segmentation }));
}

/** The most probable classes, best first; where they do not exclude each other, those from the threshold up. */
export function namedClasses(
  { probabilities, isExclusive }: ClassScores,
  { names, threshold }: DescribeOptions,
): readonly NamedClass[] {
  const ranked = [...probabilities.keys()].sort((a, b) => valueAt(probabilities, b) - valueAt(probabilities, a));
  const kept = isExclusive
    ? ranked.slice(0, TOP)
    : ranked.filter((label) => valueAt(probabilities, label) >= threshold);
  return kept.map((label) => ({ label: names[label] ?? '', probability: valueAt(probabilities, label) }));
}
