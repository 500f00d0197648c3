import { describe, expect, test } from 'vitest';
import { casesConfig, casesCsv, createCaseEvaluator } from '../../../../datasets/evaluators/regions/index.js';
import { IGNORED, type LabelMap } from '../../../../datasets/sample.js';

const labels: LabelMap = {
  classes: ['background', 'cord', 'lesion'].map((name, id) => ({ id, name })),
};
const map = (rows: readonly string[]) => ({
  kind: 'classMap' as const,
  mask: Uint8Array.from([...rows.join('')], (sign) => (sign === '?' ? IGNORED : Number(sign))),
  width: rows[0]?.length ?? 0,
  height: rows.length,
});
const settings = (given: object) => casesConfig.parse(given);
const answered = (id: string, truth: readonly string[], answer: readonly string[], spacing?: readonly number[]) => ({
  id,
  truth: map(truth),
  answer: map(answer),
  spacing,
});

describe('cases of images', () => {
  test('are measured one by one, in pixels where nothing is known of their spacing', () => {
    const evaluator = createCaseEvaluator(labels, settings({}));
    evaluator.add(answered('a.png', ['1100', '0000'], ['1000', '0002']));
    evaluator.add(answered('b.png', ['1111', '0000'], ['1111', '0000']));
    const report = evaluator.report();
    expect(report).toMatchObject({ cases: 2, unit: 'pixels', volumeUnit: 'pixels' });
    expect(report.policy).toBe(
      "Distances are in pixels, as no spacing is known (evaluate.cases.spacing states it); surfaces agree up to 1 pixels. A class that neither truth nor answer has is left out; where only one of them has it, shares are 0 and distances are the grid's diagonal.",
    );
    expect(report.rows.map((row) => [row.case, row.class, row.empty])).toEqual([
      ['a.png', 'cord', 'none'],
      ['a.png', 'lesion', 'truth'],
      ['b.png', 'cord', 'none'],
      ['b.png', 'lesion', 'both'],
    ]);
    const [cord, lesion, , none] = report.rows;
    expect(cord).toMatchObject({ dice: 2 / 3, iou: 0.5, hausdorff: 1, averageSurfaceDistance: 1 / 3, volumeError: -1 });
    expect(lesion).toMatchObject({
      dice: 0,
      surfaceDice: 0,
      hausdorff95: Math.hypot(3, 1),
      lesionSensitivity: null,
      lesionPrecision: 0,
    });
    expect(none).toMatchObject({ dice: null, iou: null, hausdorff: null, lesionF1: null, volumeError: 0 });
    expect(report.perClass.cord?.dice).toMatchObject({ estimate: (2 / 3 + 1) / 2, cases: 2 });
    expect(report.perClass.lesion).toMatchObject({
      dice: { estimate: 0, cases: 1 },
      empty: { truth: 1, answer: 0, both: 1 },
    });
    expect(report).toEqual(evaluator.report());
  });

  test('by another policy an absent class is perfect, and one that is missed has no distance', () => {
    const evaluator = createCaseEvaluator(
      labels,
      settings({ bothEmpty: 'perfect', oneEmpty: 'leaveOut', classes: ['lesion'] }),
    );
    evaluator.add(answered('a.png', ['00'], ['00']));
    evaluator.add(answered('b.png', ['20'], ['00']));
    const [both, missed] = evaluator.report().rows;
    expect(both).toMatchObject({ dice: 1, hausdorff: 0, surfaceDice: 1, lesionF1: 1 });
    expect(missed).toMatchObject({
      dice: 0,
      hausdorff: null,
      surfaceDice: 0,
      lesionSensitivity: 0,
      lesionPrecision: null,
    });
  });

  test('ignored pixels are in no class', () => {
    const evaluator = createCaseEvaluator(labels, settings({ classes: ['cord'] }));
    evaluator.add(answered('a.png', ['11??'], ['1111']));
    expect(evaluator.report().rows[0]).toMatchObject({ dice: 1, hausdorff: 0, truthVolume: 2, answerVolume: 2 });
  });
});

describe('cases of folders', () => {
  const slices = (evaluator: ReturnType<typeof createCaseEvaluator>) => {
    evaluator.add(answered('p1/0.png', ['11', '11'], ['11', '11']));
    evaluator.add(answered('p1/1.png', ['11', '11'], ['00', '00']));
    evaluator.add(answered('p2/0.png', ['10', '00'], ['10', '00']));
  };

  test('are stacks, measured in millimetres and millilitres', () => {
    const evaluator = createCaseEvaluator(labels, settings({ of: 'folder', classes: ['cord'], spacing: [10, 5, 2] }));
    slices(evaluator);
    const { rows, ...report } = evaluator.report();
    expect(report).toMatchObject({ cases: 2, unit: 'mm', volumeUnit: 'mL' });
    expect(report.policy).toContain(
      'Distances are in mm, by the spacing of evaluate.cases.spacing; surfaces agree up to 1 mm.',
    );
    expect(rows[0]).toMatchObject({
      case: 'p1',
      dice: 2 / 3,
      hausdorff: 10,
      truthVolume: 0.8,
      answerVolume: 0.4,
      volumeError: -0.4,
    });
    expect(rows[1]).toMatchObject({ case: 'p2', dice: 1, hausdorff: 0 });
  });

  test('take the spacing that their images state', () => {
    const evaluator = createCaseEvaluator(labels, settings({ of: 'folder', classes: ['cord'] }));
    for (const i of [0, 1]) evaluator.add(answered(`p/${i}.png`, ['10'], ['01'], [3, 1, 0.5]));
    expect(evaluator.report()).toMatchObject({ unit: 'mm', rows: [{ hausdorff: 0.5, truthVolume: 0.003 }] });
  });

  test.each([
    [
      [
        ['p/0', '10'],
        ['q/0', '10'],
        ['p/1', '10'],
      ],
      {},
      'p/1: slices of p came before, and others between: give them in one go',
    ],
    [
      [
        ['p/0', '10'],
        ['p/1', '100'],
      ],
      {},
      'p/1 is 3x1, p/0 2x1: slices of one case have one size',
    ],
    [
      [
        ['p/0', '10'],
        ['p/1', '10'],
      ],
      { spacing: [1, 1] },
      'p has 2 slices and a spacing of rows and columns alone',
    ],
    [
      [
        ['p/0', '10'],
        ['p/0', '10'],
      ],
      {},
      'p/0 was already evaluated',
    ],
  ] as const)('refuses what does not belong together: %#', (images, given, sentence) => {
    const evaluator = createCaseEvaluator(labels, settings({ of: 'folder', ...given }));
    expect(() => {
      for (const [id, row] of images) evaluator.add(answered(id, [row], [row]));
      evaluator.report();
    }).toThrow(sentence);
  });

  test('refuses a mixture of known and unknown spacings, an answer of another size and an unknown class', () => {
    const evaluator = createCaseEvaluator(labels, settings({}));
    evaluator.add(answered('a', ['10'], ['10'], [1, 1]));
    evaluator.add(answered('b', ['10'], ['10']));
    expect(() => evaluator.report()).toThrow('b is measured in pixels and pixels, the cases before it in mm and mm2');
    expect(() => evaluator.add(answered('c', ['10'], ['100']))).toThrow('c: the truth is 2x1, the answer 3x1');
    expect(() => createCaseEvaluator(labels, settings({ classes: ['cart'] }))).toThrow(
      'evaluate.cases.classes names cart, the data set has background, cord, lesion: name one of them',
    );
  });
});

describe('no cases', () => {
  test('are a report without figures', () => {
    const report = createCaseEvaluator(labels, settings({})).report();
    expect(report).toMatchObject({ cases: 0, rows: [], perClass: { cord: { dice: null, empty: { both: 0 } } } });
    expect(casesCsv(report)).toMatch(/^case,class,empty,dice,.*\r\n$/);
  });
});

describe('a table of cases', () => {
  test('quotes names that hold commas and quotes, and leaves out what is no figure', () => {
    const evaluator = createCaseEvaluator(labels, settings({ classes: ['lesion'] }));
    evaluator.add(answered('a "b", c.png', ['20'], ['20']));
    evaluator.add(answered('d.png', ['00'], ['00']));
    evaluator.add(answered('=1+1.png', ['00'], ['00']));
    expect(casesCsv(evaluator.report()).split('\r\n')).toEqual([
      'case,class,empty,dice,iou,hausdorff95,hausdorff,averageSurfaceDistance,surfaceDice,lesionSensitivity,lesionPrecision,lesionF1,truthVolume,answerVolume,volumeError,unit,volumeUnit',
      '"a ""b"", c.png",lesion,none,1,1,0,0,0,1,1,1,1,1,1,0,pixels,pixels',
      'd.png,lesion,both,,,,,,,,,,0,0,0,pixels,pixels',
      "'=1+1.png,lesion,both,,,,,,,,,,0,0,0,pixels,pixels", // never a formula
      '',
    ]);
  });
});

describe('intervals', () => {
  test('hold the mean, are the same for a seed, and are narrower for more cases', () => {
    const widthOf = (cases: number, seed: number) => {
      const evaluator = createCaseEvaluator(labels, settings({ classes: ['cord'], seed }));
      for (let i = 0; i < cases; i++) evaluator.add(answered(`${i}`, ['1111'], [i % 2 === 0 ? '1111' : '1000']));
      const { estimate, low, high } = evaluator.report().perClass.cord!.dice!;
      expect(estimate).toBeCloseTo(0.7, 12);
      expect(low).toBeLessThan(estimate);
      expect(high).toBeGreaterThan(estimate);
      return high - low;
    };
    expect(widthOf(10, 1)).toBe(widthOf(10, 1));
    // a mean of n halves: 1.96 times 0.3 / sqrt(n) to either side
    expect(widthOf(100, 1)).toBeGreaterThan(0.08);
    expect(widthOf(100, 1)).toBeLessThan(0.16);
    expect(widthOf(10, 1)).toBeGreaterThan(2 * widthOf(100, 1));
  });
});
