import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { createNetwork } from '../../configs/network.js';
import { decidePostprocess, joinFolds, readPostprocess, writePostprocess } from '../../configs/postprocess.js';
import { parseExperiment } from '../../configs/read.js';
import { type OpenRunOptions, openRun } from '../../configs/run.js';
import { preprocessingSchema } from '../../pretrained/metadata.js';
import { writeCheckpoint } from '../../training/run/checkpointFile.js';
import { runFolder } from '../../training/run/folder.js';
import { captureWeights } from '../../training/state.js';
import { folderWith } from '../datasets/folder.js';

const LABELS = { classes: ['background', 'spleen', 'tumour'].map((name, id) => ({ id, name })) };
const DICE = { spleen: { answered: 0.9, kept: 0.95 }, tumour: { answered: 0.6, kept: 0.6 } };

it('a class is kept to its largest component where that raises its mean Dice, and the decision is read again', () => {
  const file = join(folderWith({}), 'postprocess.json');
  expect(readPostprocess(file, LABELS)).toBeNull();
  const decided = decidePostprocess(DICE, 'val');
  expect(decided).toEqual({ largest: ['spleen'], split: 'val', dice: DICE });
  writePostprocess(file, decided);
  expect(readPostprocess(file, LABELS)).toEqual(decided);
});

it.each([
  ['{"largest":', /it is no JSON: /],
  ['{"largest":["spleen"]}', /it is no decision of this library/],
  ['{"largest":"spleen","split":"val","dice":{}}', /it is no decision of this library/],
  ['{"largest":["liver"],"split":"val","dice":{}}', /'liver', which is no class of the run/],
  ['{"largest":["background"],"split":"val","dice":{}}', /'background', which is no class of the run beside/],
])('%s is refused with a remedy', (text, message) => {
  const file = join(folderWith({ 'postprocess.json': text }), 'postprocess.json');
  expect(() => readPostprocess(file, LABELS)).toThrow(message);
  expect(() => readPostprocess(file, LABELS)).toThrow(/remove it, or decide again with evaluate --keep-largest/);
});

it('a run answers by the decision, and as it is where another one is made', async () => {
  const folder = folderWith({});
  const experiment = parseExperiment(
    { task: 'segmentation', model: { inputSize: [64, 64] }, evaluate: { cases: { of: 'image', largest: ['tumour'] } } },
    'the test',
  );
  const network = createNetwork(experiment, LABELS);
  const files = runFolder(folder);
  mkdirSync(dirname(files.best));
  writeFileSync(files.config, JSON.stringify(experiment));
  writeCheckpoint(files.best, {
    tensors: await captureWeights(network.model, undefined),
    metadata: {
      format: 'espalier-checkpoint',
      version: 1,
      step: 1,
      stepsPerEpoch: 1,
      totalSteps: 1,
      seconds: 1,
      seed: 1,
      optimizer: 'adamw',
      metric: null,
      best: null,
      latest: null,
      classes: LABELS.classes,
      preprocessing: preprocessingSchema.parse(network.model.preprocessing),
      config: experiment,
      versions: {},
      engine: 'test',
    },
  });
  network.dispose();
  const largestOf = (options?: OpenRunOptions): readonly string[] => {
    const run = openRun(folder, options);
    run.dispose();
    return run.experiment.evaluate.cases.largest;
  };
  expect(largestOf()).toEqual(['tumour']);
  writePostprocess(files.postprocess, decidePostprocess(DICE, 'val'));
  expect([largestOf(), largestOf({ keepsAll: true })]).toEqual([['spleen'], []]);
  writeFileSync(files.postprocess, 'damaged');
  expect(() => largestOf()).toThrow(/decide again with evaluate --keep-largest/);
  expect(largestOf({ keepsAll: true })).toEqual([]);
});

it('a folder in its place is refused', () => {
  const file = join(folderWith({}), 'postprocess.json');
  mkdirSync(file);
  expect(() => readPostprocess(file, LABELS)).toThrow(/it is a folder, a file is expected; remove it/);
});

it('folds are joined case by case: a class that helps in one and not over all is left as it is', () => {
  const folds = [
    { dice: { a: { answered: 0.5, kept: 0.6 }, b: { answered: 0.5, kept: 0.6 } }, cases: { a: 1, b: 4 } },
    { dice: { a: { answered: 0.5, kept: 0.4 }, b: { answered: 0.5, kept: 0.4 } }, cases: { a: 3, b: 1 } },
    { dice: { a: { answered: 0, kept: 0 } }, cases: { a: 0 } },
  ];
  const dice = joinFolds(folds);
  expect(dice.a?.answered).toBeCloseTo(0.5, 12);
  expect(dice.a?.kept).toBeCloseTo(0.45, 12);
  expect(dice.b?.kept).toBeCloseTo(0.56, 12);
  expect(decidePostprocess(dice, 'val of 3 folds').largest).toEqual(['b']);
});
