import { afterEach, describe, expect, test } from 'vitest';
import {
  COCO,
  COCOeval,
  CocoFile,
  type Dataset,
  diffDatasets,
  filterDataset,
  type Id,
  jsonChunks,
  parseJson,
  type ResultRecord,
  useWebAssembly,
} from '../src/index.js';
import { difference } from './goldens.js';

afterEach(() => useWebAssembly(true));

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const write = (value: object): string => [...jsonChunks(value)].join('');

/** Four images, two categories; `big` gives ids that are one double. */
function drawn(big: { readonly image?: boolean; readonly category?: boolean; readonly annotation?: boolean }) {
  const id = (n: number, isBig = false): Id => (isBig ? 9_007_199_254_740_992n + BigInt(n) : n);
  const gt: Dataset = { images: [], annotations: [], categories: [] };
  const dt: ResultRecord[] = [];
  for (const category of [1, 2]) gt.categories!.push({ id: id(category, big.category), name: `c${category}` });
  for (let image = 1; image <= 4; image++) {
    gt.images!.push({ id: id(image, big.image), width: 90, height: 90 });
    for (let i = 0; i < 3; i++) {
      const bbox = [10 * image + 7 * i, 20 * i, 20 + 3 * i, 16 + image];
      const category_id = id(1 + ((image + i) % 2), big.category);
      const image_id = id(image, big.image);
      const annotation = id(gt.annotations!.length + 1, big.annotation);
      gt.annotations!.push({ id: annotation, image_id, category_id, bbox, area: bbox[2]! * bbox[3]!, iscrowd: 0 });
      const moved = bbox.map((value, side) => value + (side < 2 ? image - i : 0));
      dt.push({ image_id, category_id, bbox: moved, score: ((7 * image + 3 * i) % 11) / 11 });
    }
  }
  return { gt, dt };
}

async function evaluated({ gt, dt }: ReturnType<typeof drawn>, way: 'bytes' | 'objects'): Promise<COCOeval> {
  const truths = way === 'objects' ? new COCO(gt) : await CocoFile.open(bytes(write(gt)));
  const evaluation = new COCOeval(truths, truths.loadRes(way === 'objects' ? dt : bytes(write(dt))), 'bbox');
  evaluation.evaluate();
  evaluation.accumulate();
  evaluation.summarize();
  return evaluation;
}

describe('ids beyond 2^53', () => {
  test.each(['image', 'category', 'annotation'] as const)(
    'of every %s stay apart: the same bits as with small ids, from bytes with and without WebAssembly and from objects',
    async (kind) => {
      const small = await evaluated(drawn({}), 'bytes');
      expect(small.stats[0]).toBeGreaterThan(0.1);
      for (const [way, use] of [
        ['bytes', true],
        ['bytes', false],
        ['objects', true],
      ] as const) {
        useWebAssembly(use);
        const big = await evaluated(drawn({ [kind]: true }), way);
        for (const name of ['precision', 'recall', 'scores'] as const)
          expect(difference(big.eval![name], small.eval![name]), `${way} ${name}`).toBeNull();
      }
    },
  );

  test('are bigints where they are read, digits where they are written, and numbers of other keys stay numbers', async () => {
    const text =
      '{"id":9007199254740993,"image_id":-9007199254740993,"neg_category_ids":[1,12345678901234567890],"area":9007199254740993,"x":{"id":9007199254740991}}';
    const value = parseJson(text);
    expect(value).toEqual({
      id: 9007199254740993n,
      image_id: -9007199254740993n,
      neg_category_ids: [1, 12345678901234567890n],
      area: 9007199254740992,
      x: { id: 9007199254740991 },
    });
    expect(write(value as object)).toBe(text.replace('"area":9007199254740993', '"area":9007199254740992'));
    const { gt } = drawn({ image: true, annotation: true });
    const coco = await COCO.load(bytes(write(gt)));
    expect(coco.dataset).toEqual(gt);
    expect(coco.getAnnIds(9_007_199_254_740_994n)).toEqual([4, 5, 6].map((n) => 9_007_199_254_740_992n + BigInt(n)));
    expect(coco.violations()).toEqual([]);
    const kept = filterDataset(gt, { images: ['9007199254740994'] });
    expect(kept.annotations).toHaveLength(3);
    expect(diffDatasets(gt, { ...gt, images: gt.images!.slice(1) }).images.removed).toEqual([9_007_199_254_740_993n]);
  });

  test('stand in evalImgs as they are in the file', async () => {
    const { evalImgs } = await evaluated(drawn({ annotation: true }), 'bytes');
    expect(evalImgs.flatMap((cell) => cell?.gtIds ?? [])).toContain(9_007_199_254_740_993n);
  });
});
