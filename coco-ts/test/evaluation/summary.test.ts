import { describe, expect, test } from 'vitest';
import { COCO, COCOeval } from '../../src/index.js';

/** Thirty objects of an image, the first 25 of them found. */
function crowded(maxDets: number[] | null, ownLimits?: boolean): COCOeval {
  const boxes = Array.from({ length: 30 }, (_, i) => [20 * (i % 6), 20 * Math.floor(i / 6), 15, 15]);
  const gt = new COCO({
    images: [{ id: 1 }],
    categories: [{ id: 1 }],
    annotations: boxes.map((bbox, i) => ({ id: i + 1, image_id: 1, category_id: 1, bbox, area: 225, iscrowd: 0 })),
  });
  const dt = boxes.slice(0, 25).map((bbox, i) => ({ image_id: 1, category_id: 1, bbox, score: 1 - i / 100 }));
  const evaluation = new COCOeval(gt, gt.loadRes(dt), 'bbox');
  if (maxDets) evaluation.params.maxDets = maxDets;
  evaluation.evaluate();
  evaluation.accumulate();
  evaluation.summarize(ownLimits === undefined ? {} : { ownLimits });
  return evaluation;
}

const named = ({ statNames, stats }: COCOeval): Record<string, number> =>
  Object.fromEntries(statNames.map((name, i) => [name, Number(stats[i]!.toFixed(6))]));

test('an evaluation says how many images have more objects than can count, crowds aside', () => {
  expect(crowded([1, 10, 100]).notes).toEqual([]);
  expect(crowded([30]).notes).toEqual([]);
  expect(crowded([1, 10, 29]).notes).toEqual([
    'an image has more objects of a category than the last of maxDets (--max-dets) lets be found',
  ]);
});

describe('summarize', () => {
  test('with ownLimits takes AP at the last of any number of maxDets and AR at each', () => {
    // 25 of 30 are found: recalls 0 to 0.83, 84 of 101; the best 20 reach 0.66, 67 of 101.
    const found = { APs: 0.831683, APm: -1, APl: -1, ARs: 0.833333, ARm: -1, ARl: -1 };
    const all = { AP: 0.831683, AP50: 0.831683, AP75: 0.831683, ...found };
    expect(named(crowded([30], true))).toEqual({ ...all, AR30: 0.833333 });
    expect(named(crowded([1, 30], true))).toEqual({ ...all, AR1: 0.033333, AR30: 0.833333 });
    expect(named(crowded([300, 1, 10], true))).toEqual({ ...all, AR1: 0.033333, AR10: 0.333333, AR300: 0.833333 });
    expect(named(crowded([1, 5, 10, 15, 20], true))).toMatchObject({
      AP: 0.663366,
      AP50: 0.663366,
      AR5: 0.166667,
      AR20: 0.666667,
    });
    expect(crowded([30], true).summarize({ ownLimits: true })[0]).toBe(
      ' Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets= 30 ] = 0.832',
    );
  });

  test('without gives what pycocotools has, and of fewer than three maxDets, of which it has nothing, their own', () => {
    expect(named(crowded([1, 10, 300]))).toMatchObject({ AP: -1, AP50: 0.831683, AR300: 0.833333 });
    expect(named(crowded([1, 30]))).toEqual(named(crowded([1, 30], true)));
    expect(named(crowded(null))).toEqual(named(crowded(null, true)));
    expect(crowded(null).statNames.join()).toBe('AP,AP50,AP75,APs,APm,APl,AR1,AR10,AR100,ARs,ARm,ARl');
  });
});
