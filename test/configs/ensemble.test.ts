import { afterAll, describe, expect, it } from 'vitest';
import { ensembleOf } from '../../configs/ensemble.js';
import { createNetwork } from '../../configs/network.js';
import { parseExperiment } from '../../configs/read.js';
import type { Run } from '../../configs/run.js';
import type { Detections, Pixels } from '../../datasets/sample.js';

const labels = { classes: ['cat', 'dog'].map((name, i) => ({ id: i + 1, name })) };
const experiment = parseExperiment({ model: { inputSize: [64, 64] } }, 'test');
const network = createNetwork(experiment, labels);
afterAll(() => network.dispose());
const image: Pixels = { data: new Uint8Array(300), width: 10, height: 10 };

/** A run that answers one box for every image. */
function runOf(score: number, left: number, names = labels, disposed: string[] = []): Run {
  const found: Detections = {
    boxes: Float32Array.of(left, 0, left + 8, 8),
    labels: Int32Array.of(1),
    scores: Float32Array.of(score),
  };
  return {
    network: { ...network, answer: async (images) => images.map(() => found) },
    experiment,
    labels: names,
    checkpoint: `run ${left}`,
    step: 1,
    dispose: () => void disposed.push(`run ${left}`),
  };
}

describe('an ensemble', () => {
  it('answers with what its runs agree on, and owns them', async () => {
    const disposed: string[] = [];
    const both = ensembleOf([runOf(0.75, 0, labels, disposed), runOf(0.25, 1, labels, disposed)]);
    const [found] = (await both.answer([image])) as Detections[];
    expect([...found!.boxes]).toEqual([0.25, 0, 8.25, 8]);
    expect([...found!.scores]).toEqual([0.5]);
    both.dispose();
    expect(disposed).toEqual(['run 0', 'run 1']);
  });

  it('is refused for other classes, naming both', () => {
    const other = {
      classes: [
        { id: 1, name: 'dog' },
        { id: 2, name: 'cat' },
      ],
    };
    expect(() => ensembleOf([runOf(1, 0), runOf(1, 1, other)])).toThrow(
      'run 1 tells detection of dog, cat, run 0 detection of cat, dog',
    );
  });
});

describe('views of a network', () => {
  const withViews = (task: string, scales: number[]) => () =>
    createNetwork(
      parseExperiment({ task, model: { inputSize: [64, 64] }, evaluate: { augment: { flip: true, scales } } }, 'test'),
      labels,
    );

  it('are no larger than its input for objects, and not combined for segments', () => {
    expect(withViews('detection', [1, 1.5])).toThrow('at 1.5 an image is larger');
    expect(withViews('panoptic', [1])).toThrow('answers of panoptic are not combined');
  });

  it('give a class map of the size of the image', async () => {
    const seen = withViews('segmentation', [1, 1.5])();
    const [map] = (await seen.answer([image])) as { width: number; height: number }[];
    expect([map?.width, map?.height]).toEqual([10, 10]);
    seen.dispose();
  });
});
