import { expect, test } from 'vitest';
import { decidePostprocess } from '../../../../configs/postprocess.js';
import { casesConfig, createCaseEvaluator, keepLargest, keptLargest } from '../../../../datasets/evaluators/index.js';

const named = (...names: readonly string[]) => ({ classes: names.map((name, id) => ({ id, name })) });
const labels = named('background', 'cord', 'lesion');
const settings = (given: object) => casesConfig.parse(given);

test('smaller components of the classes become background, corners joined or not, others stay', () => {
  const mask = Uint8Array.from([...('1100' + '0010' + '2002' + '1000')], Number);
  const kept = keptLargest(labels, settings({ largest: ['cord'] }));
  const faces = keptLargest(labels, settings({ largest: ['cord', 'lesion'], connectivity: 'faces' }));
  if (kept === null || faces === null) throw new Error('nothing is kept');
  expect([...keepLargest(mask, [1, 4, 4], kept)].join('')).toBe('1100' + '0010' + '2002' + '0000');
  expect([...keepLargest(mask, [1, 4, 4], faces)].join('')).toBe('1100' + '0000' + '2000' + '0000');
  // As four slices the last voxel is two slices from the others; one component and none leave the map as it is.
  expect([...keepLargest(mask, [4, 2, 2], kept)].join('')).toBe('1100' + '0010' + '2002' + '0000');
  const one = Uint8Array.of(0, 1, 1, 0);
  expect(keepLargest(one, [1, 2, 2], kept)).toBe(one);
  expect(keepLargest(new Uint8Array(1), [1, 1, 1], kept)).toEqual(new Uint8Array(1));
});

test('of an answer that is noise one of very many components is kept', () => {
  const [height, width] = [600, 1000];
  const noise = Uint8Array.from({ length: height * width }, (_, i) => (i + Math.floor(i / width)) % 2);
  const kept = keptLargest(labels, settings({ largest: ['cord'], connectivity: 'faces' }));
  if (kept === null) throw new Error('nothing is kept');
  const found = keepLargest(noise, [1, height, width], kept);
  expect(found.reduce((sum, value) => sum + value, 0)).toBe(1);
  expect(found[1]).toBe(1);
});

test('classes that are not there, and class maps without a background are refused', () => {
  expect(keptLargest(labels, settings({}))).toBeNull();
  expect(() => keptLargest(labels, settings({ largest: ['liver'] }))).toThrow(
    /largest names liver, the data set has background, cord, lesion/,
  );
  expect(() => keptLargest(labels, settings({ largest: ['background'] }))).toThrow(/other than background/);
  expect(() => keptLargest(named('membrane', 'cell'), settings({ largest: ['cell'] }))).toThrow(/no such class/);
});

test('it is decided by the mean Dice of the cases, class by class, on the whole stack', () => {
  const of = (rows: string) => ({ mask: Uint8Array.from([...rows], Number), width: 4, height: 1 });
  const truths = ['1100', '1100', '0022', '2000'];
  const answers = ['1101', '1100', '0022', '2000'];
  const evaluate = (given: object, triesLargest: boolean) => {
    const evaluator = createCaseEvaluator(labels, settings({ of: 'folder', spacing: [1, 1, 1], ...given }), {
      triesLargest,
    });
    for (const [i, truth] of truths.entries()) {
      evaluator.add({ id: `p/${i}.png`, truth: { kind: 'classMap', ...of(truth) }, answer: of(answers[i] ?? '') });
    }
    return evaluator.report();
  };
  const { largest } = evaluate({}, true);
  // Of the cord 4 of 5 voxels hang together; the lesion's two pieces are both right.
  expect(largest).toEqual({ cord: { answered: 8 / 9, kept: 1 }, lesion: { answered: 1, kept: 4 / 5 } });
  const decided = decidePostprocess(largest, 'val');
  expect(decided.largest).toEqual(['cord']);
  const after = evaluate({ largest: decided.largest }, false);
  expect(after.rows.map(({ dice }) => dice)).toEqual([1, 1]);
  expect(after.policy).toMatch(/Only the largest component of a case is kept of cord\./);
  expect(after.largest).toEqual({});
});
