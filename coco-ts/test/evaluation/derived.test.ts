import { afterEach, describe, expect, test } from 'vitest';
import {
  COCO,
  COCOeval,
  CocoFile,
  type Dataset,
  type InstanceAnnotation,
  type IouType,
  lvisEvaluate,
  mask,
  type ResultRecord,
  useWebAssembly,
} from '../../src/index.js';
import { difference } from '../goldens.js';

afterEach(() => useWebAssembly(true));

const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** Triangles, half of their boxes in area, and RLEs, whose size range depends on which area is taken; skeletons of two points. */
function drawn(): { gt: Dataset; dt: ResultRecord[]; masks: ResultRecord[]; points: ResultRecord[] } {
  const annotations: (InstanceAnnotation & { keypoints: number[]; num_keypoints: number })[] = [];
  for (let i = 0; i < 12; i++) {
    const [x, y, side] = [5 * i, 3 * i, 30 + 3 * i];
    const triangle = [[x, y, x + side, y, x, y + side]];
    const rle = mask.merge(mask.frPyObjects(triangle, 200, 200) as mask.Rle[]);
    const asRle = i % 4 === 0;
    annotations.push({
      id: i + 1,
      image_id: 1 + (i % 3),
      category_id: 1,
      bbox: [x, y, side, side],
      iscrowd: 0,
      segmentation: asRle ? rle : triangle,
      area: asRle ? mask.area(rle) : side ** 2 / 2,
      keypoints: [x, y, i % 5 === 0 ? 0 : 2, x + 9, y + 9, i % 2],
      num_keypoints: (i % 5 === 0 ? 0 : 1) + (i % 2),
    });
  }
  const images = [1, 2, 3].map((id) => ({ id, width: 200, height: 200 }));
  const found = annotations.map(({ image_id, category_id, bbox, keypoints }, i) => {
    const [x, y, w, h] = bbox as [number, number, number, number];
    const shared = { image_id, category_id, score: ((5 * i) % 12) / 12 };
    return {
      box: { ...shared, bbox: [x + (i % 4), y, w, h] },
      mask: { ...shared, segmentation: [[x + (i % 4), y, x + w, y, x, y + h]] },
      points: { ...shared, keypoints: keypoints.map((value, k) => (k % 3 === 0 ? value + (i % 3) : value)) },
    };
  });
  const gt = { images, annotations, categories: [{ id: 1, name: 'a' }] };
  return {
    gt,
    dt: found.map(({ box }) => box),
    masks: found.map((item) => item.mask),
    points: found.map((item) => item.points),
  };
}

async function evaluated(gt: Dataset, dt: unknown, type: IouType, way: 'bytes' | 'objects', strictIds = true) {
  const truths = way === 'objects' ? new COCO(gt) : await CocoFile.open(bytes(gt));
  const evaluation = new COCOeval(truths, truths.loadRes(way === 'objects' ? (dt as ResultRecord[]) : bytes(dt)), type);
  evaluation.params.strictIds = strictIds;
  if (type === 'keypoints') evaluation.params.kpt_oks_sigmas = [0.1, 0.1];
  evaluation.evaluate();
  evaluation.accumulate();
  evaluation.summarize();
  return evaluation;
}

const without = (gt: Dataset, key: string, value?: null): Dataset => ({
  ...gt,
  annotations: gt.annotations!.map(({ [key]: _, ...rest }) =>
    value === null ? { ...rest, [key]: null } : rest,
  ) as never,
});

describe('what truths lack', () => {
  test.each(['area', 'iscrowd', 'num_keypoints'] as const)(
    '%s is derived: the same bits as where it is stated, said once with the count',
    async (key) => {
      const { gt, dt, masks, points } = drawn();
      const types: IouType[] = key === 'num_keypoints' ? ['keypoints'] : ['bbox', 'segm', 'keypoints'];
      for (const type of types) {
        const results = type === 'keypoints' ? points : type === 'segm' ? masks : dt;
        const stated = await evaluated(gt, results, type, 'bytes');
        expect(stated.stats[0]).toBeGreaterThan(0.1);
        expect(stated.notes).toEqual([]);
        for (const [file, way] of [
          [without(gt, key), 'bytes'],
          [without(gt, key), 'objects'],
          [without(gt, key, null), 'bytes'],
        ] as const) {
          const derived = await evaluated(file, results, type, way);
          expect(difference(derived.eval!.precision, stated.eval!.precision), `${type} ${way}`).toBeNull();
          expect(difference(derived.eval!.recall, stated.eval!.recall), `${type} ${way}`).toBeNull();
          expect(derived.notes).toEqual([expect.stringContaining(`12 annotations have no ${key}: `)]);
        }
      }
    },
  );

  test('an area is that of the box where there is no segmentation, null or an empty one', async () => {
    const { gt, dt } = drawn();
    const boxed = {
      ...gt,
      annotations: gt.annotations!.map((ann) => ({ ...ann, area: ann.bbox![2]! * ann.bbox![3]! })),
    };
    const wanted = await evaluated(boxed as Dataset, dt, 'bbox', 'objects');
    expect(difference(wanted.stats, (await evaluated(gt, dt, 'bbox', 'objects')).stats)).not.toBeNull();
    for (const segmentation of [undefined, null, []]) {
      const bare = { ...gt, annotations: gt.annotations!.map(({ area: _, ...ann }) => ({ ...ann, segmentation })) };
      for (const way of ['bytes', 'objects'] as const)
        expect(difference((await evaluated(bare as never, dt, 'bbox', way)).stats, wanted.stats)).toBeNull();
    }
  });

  test('and cannot be derived is named', async () => {
    const { gt, dt } = drawn();
    const bare = without(without(without(gt, 'area'), 'segmentation'), 'bbox');
    for (const way of ['bytes', 'objects'] as const)
      await expect(evaluated(bare, dt, 'bbox', way)).rejects.toThrow(
        /annotation 1 has no (bbox|area, and no segmentation)/,
      );
  });

  test('is counted over images that arrive one by one, too', () => {
    const { gt, dt } = drawn();
    const evaluation = new COCOeval(new COCO<'instances'>({ ...gt, annotations: [] }), null, 'bbox');
    for (const { id } of gt.images!) {
      const own = <T extends { image_id: unknown }>(list: readonly T[]): T[] =>
        list.filter((ann) => ann.image_id === id);
      evaluation.add(id, own(without(gt, 'area').annotations!), own(dt));
    }
    expect(evaluation.notes).toEqual([expect.stringContaining('12 annotations have no area')]);
  });
});

describe('a truth of id 0', () => {
  const zero = () => {
    const { gt, dt } = drawn();
    const annotations = gt.annotations!.map((ann) => ({ ...ann, id: (ann.id as number) - 1 }));
    return { right: gt, shifted: { ...gt, annotations }, dt };
  };

  test('is missed as in pycocotools and said; with strictIds false it counts, to the bit as if ids began at 1', async () => {
    const { right, shifted, dt } = zero();
    for (const [way, use] of [
      ['bytes', true],
      ['bytes', false],
      ['objects', true],
    ] as const) {
      useWebAssembly(use);
      const wanted = await evaluated(right, dt, 'bbox', way);
      const strict = await evaluated(shifted, dt, 'bbox', way);
      expect(strict.notes).toEqual([expect.stringContaining('id 0')]);
      expect(strict.stats[0]).toBeLessThan(wanted.stats[0]!);
      const lenient = await evaluated(shifted, dt, 'bbox', way, false);
      expect(lenient.notes).toEqual([]);
      expect(difference(lenient.eval!.precision, wanted.eval!.precision)).toBeNull();
      // Matchings that someone looked at are accumulated instead of the columns.
      expect(lenient.evalImgs.flatMap((cell) => cell?.gtIds ?? [])).toContain(0);
      lenient.accumulate();
      expect(difference(lenient.eval!.precision, wanted.eval!.precision)).toBeNull();
    }
  });

  test('counts image by image and for LVIS as well', () => {
    const { right, shifted, dt } = zero();
    const ap = (gt: Dataset, strictIds: boolean): number => {
      const evaluation = new COCOeval(new COCO<'instances'>({ ...gt, annotations: [] }), null, 'bbox');
      evaluation.params.strictIds = strictIds;
      for (const { id } of gt.images!)
        evaluation.add(
          id,
          gt.annotations!.filter((ann) => ann.image_id === id),
          dt.filter((ann) => ann.image_id === id),
        );
      evaluation.accumulate();
      evaluation.summarize();
      return evaluation.stats[0]!;
    };
    expect(ap(shifted, false)).toBe(ap(right, true));
    expect(ap(shifted, true)).toBeLessThan(ap(right, true));
    const federated = (gt: Dataset): COCO =>
      new COCO({
        ...gt,
        images: gt.images!.map((image) => ({ ...image, neg_category_ids: [], not_exhaustive_category_ids: [] })),
        categories: [{ id: 1, name: 'a', frequency: 'f' }],
      });
    const lvis = (gt: COCO, strictIds: boolean) => lvisEvaluate(gt, gt.loadRes(dt), { iouType: 'bbox', strictIds });
    expect(lvis(federated(shifted), false).AP).toBe(lvis(federated(right), true).AP);
    expect(lvis(federated(shifted), true).notes).toEqual([expect.stringContaining('id 0')]);
  });

  test('and detections without a positive id take their truths with strictIds false', () => {
    const gt = new COCO({
      images: [{ id: 1 }],
      categories: [{ id: 1 }],
      annotations: [{ id: 1, image_id: 1, category_id: 1, bbox: [0, 0, 10, 10], area: 100, iscrowd: 0 }],
    });
    const found = [0.9, 0.8].map((score, id) => ({
      id,
      image_id: 1,
      category_id: 1,
      bbox: [0, 0, 10, 10],
      area: 100,
      score,
    }));
    const matches = (strictIds: boolean): number[] => {
      const evaluation = new COCOeval(gt, new COCO<'instances'>({ ...gt.dataset, annotations: found }), 'bbox');
      evaluation.params.strictIds = strictIds;
      evaluation.evaluate();
      return [...evaluation.evalImgs[0]!.dtMatches.subarray(0, 2)];
    };
    expect(matches(true)).toEqual([1, 1]);
    expect(matches(false)).toEqual([1, 0]);
  });
});
