import type * as tf from '@tensorflow/tfjs';
import * as z from 'zod/mini';
import type { Placement } from '../../datasets/placement.js';
import { WeightsError } from '../../engine/errors.js';
import { boxesReading, instancesReading, panopticReading, readBoxes } from './boxes.js';
import { classMapReading, readClassMap } from './classMap.js';
import { classScoresReading, readClassScores } from './classScores.js';
import { detectionsReading, readDetections } from './detections.js';

/** Outputs of a network that runs without this library: values of a batch, and their shape. */
export interface HostOutput {
  readonly values: Float32Array;
  /** Batch first. */
  readonly shape: readonly number[];
}
export type HostOutputs = { readonly [name: string]: HostOutput };

/** How the outputs of an exported network become answers, as plain data that travels in its file. */
export const readingSchema = z.discriminatedUnion('kind', [
  boxesReading,
  detectionsReading,
  classMapReading,
  classScoresReading,
  instancesReading,
  panopticReading,
]);
export type Reading = z.output<typeof readingSchema>;

/** What a head adds to a network that is exported: the end of its graph, and how that is read. */
export interface ExportedAnswer<Raw> {
  /** Tensors alone: they are recorded. Names are those that `reading.kind` stands for. */
  outputs(raw: Raw): { readonly [name: string]: tf.Tensor };
  readonly reading: Reading;
}

/**
 * Answers in pixels of the original images, one for each placement, of a network that was exported.
 *
 * @throws WeightsError when an output is missing or has another shape than the reading says
 */
export async function readAnswers(
  reading: Reading,
  outputs: HostOutputs,
  placements: readonly Placement[],
): Promise<readonly unknown[]> {
  const rows = (name: string, rank: number): HostOutput[] => {
    const output = outputs[name];
    if (!output) throw new WeightsError(`the network gives ${Object.keys(outputs).join(', ')}, not '${name}'`);
    const { shape, values } = output;
    const size = values.length / (shape[0] ?? 1);
    if (
      shape.length !== rank ||
      shape.reduce((a, b) => a * b, 1) !== values.length ||
      placements.length > (shape[0] ?? 0)
    ) {
      throw new WeightsError(
        `output '${name}' is [${shape}] with ${values.length} values, expected ${rank} axes for ${placements.length} images`,
      );
    }
    return placements.map((_, i) => ({ shape: shape.slice(1), values: values.subarray(i * size, (i + 1) * size) }));
  };
  if (reading.kind === 'boxes') {
    const [boxes, scores] = [rows('boxes', 3), rows('scores', 3)];
    return placements.map((placement, i) =>
      readBoxes(reading, boxes[i] as HostOutput, scores[i] as HostOutput, placement),
    );
  }
  if (reading.kind === 'instances' || reading.kind === 'panoptic') {
    const [boxes, scores, kernels] = ['boxes', 'scores', 'kernels'].map((name) => rows(name, 3));
    const prototypes = rows('prototypes', 4);
    const { readInstances, readPanoptic } = await import('./instances.js'); // run lengths of COCO weigh more than all the rest
    const semantic = reading.kind === 'panoptic' ? rows('semantic', 4) : [];
    return placements.map((placement, i) => {
      const [own, ownScores, ownKernels] = [boxes?.[i], scores?.[i], kernels?.[i]] as [
        HostOutput,
        HostOutput,
        HostOutput,
      ];
      const found = readInstances(reading, own, ownScores, ownKernels, prototypes[i] as HostOutput, placement);
      if (reading.kind === 'instances') return found;
      return readPanoptic(reading, found, semantic[i] as HostOutput, placement);
    });
  }
  if (reading.kind === 'detections') {
    const { detections } = outputs;
    if (!detections || placements.length !== 1)
      throw new WeightsError(
        `the network answers one image in 'detections', not ${placements.length} in ${Object.keys(outputs)}`,
      );
    return placements.map((placement) => readDetections(detections, placement));
  }
  if (reading.kind === 'classScores') return rows('probabilities', 2).map((row) => readClassScores(reading, row));
  const scores = rows('scores', 4);
  return placements.map((placement, i) => readClassMap(reading, scores[i] as HostOutput, placement));
}
