import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { COCO, CocoError, type Dataset, FormatError, type Id, type ResultRecord } from '../src/index.js';
import { difference, golden, type Packed, unpack } from './goldens.js';

interface Call {
  readonly method: string;
  readonly args: Record<string, unknown>;
  readonly out: unknown;
  readonly unordered?: boolean;
  readonly error: { readonly type: string } | null;
  readonly images_after?: Id[];
}
const { gt, calls } = golden<{ gt: Dataset; calls: Call[] }>('api.json.gz');
const sorted = (value: unknown, unordered?: boolean): unknown =>
  unordered ? [...(value as number[])].sort((a, b) => a - b) : value;

function run(coco: COCO, { method, args }: Call): unknown {
  const { imgIds, catIds, areaRng, iscrowd, catNms, supNms, ids, id, dt, rows } = args as {
    imgIds?: Id[];
    catIds?: Id[];
    areaRng?: number[];
    iscrowd?: number;
    catNms?: string[];
    supNms?: string[];
    ids?: number[];
    id: number;
    dt: ResultRecord[];
    rows: number[][];
  };
  switch (method) {
    case 'getAnnIds':
      return coco.getAnnIds(imgIds, catIds, areaRng, iscrowd);
    case 'getCatIds':
      return coco.getCatIds(catNms, supNms, catIds);
    case 'getImgIds':
      return coco.getImgIds(imgIds, catIds);
    case 'loadAnns':
      return coco.loadAnns(ids);
    case 'loadCats':
      return coco.loadCats(ids);
    case 'loadImgs':
      return coco.loadImgs(ids);
    case 'annToRLE':
      return coco.annToRLE(coco.anns.get(id)!);
    case 'annToMask':
      return coco.annToMask(coco.anns.get(id)!).data;
    case 'loadRes':
      return coco.loadRes(dt).dataset.annotations;
    case 'loadRes_numpy':
      return coco.loadRes(rows).dataset.annotations;
    default:
      throw new Error(`no such call: ${method}`);
  }
}

describe('COCO equals pycocotools 2.0.11', () => {
  test.each([...new Set(calls.map((call) => call.method))])('in every recorded %s', (method) => {
    const coco = new COCO(structuredClone(gt));
    for (const call of calls.filter((entry) => entry.method === method)) {
      if (call.error) {
        expect(() => run(coco, call)).toThrow(CocoError);
        continue;
      }
      const got = run(coco, call);
      if (method === 'annToMask') {
        const { mask_colmajor } = call.out as { mask_colmajor: Packed };
        expect(difference(got as Uint8Array, unpack(mask_colmajor))).toBeNull();
      } else
        expect(sorted(got, call.unordered || method === 'getImgIds'), JSON.stringify(call.args)).toEqual(
          sorted(call.out, call.unordered || method === 'getImgIds'),
        );
    }
  });
});

const tiny = (): Dataset => ({
  info: { year: 2026 },
  images: [{ id: 1, width: 20, height: 10, file_name: 'a.png' }],
  categories: [{ id: 3, name: 'cat' }],
  annotations: [
    {
      id: 8,
      image_id: 1,
      category_id: 3,
      bbox: [1, 2, 3, 4],
      area: 12,
      iscrowd: 0,
      segmentation: [[1, 2, 4, 2, 4, 6]],
    },
  ],
});

describe('COCO', () => {
  test('reads bytes, gzip, a stream and a blob alike', async () => {
    const bytes = new TextEncoder().encode(JSON.stringify(tiny()));
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(bytes.subarray(0, 50));
        controller.enqueue(bytes.subarray(50));
        controller.close();
      },
    });
    for (const input of [bytes, new Uint8Array(gzipSync(bytes)), stream, new Blob([bytes])]) {
      expect((await COCO.load(input)).dataset).toEqual(tiny());
    }
  });

  test('reads the NaN and Infinity that Python writes, and names the place where text is no JSON', async () => {
    const coco = await COCO.load(
      new TextEncoder().encode('{"annotations":[{"id":1,"image_id":2,"area":NaN,"x":[-Infinity,Infinity]}]}'),
    );
    expect(coco.anns.get(1)).toEqual({ id: 1, image_id: 2, area: Number.NaN, x: [-Infinity, Infinity] });
    await expect(COCO.load(new TextEncoder().encode('{"annotations":[NaN,}'))).rejects.toThrow(
      'unexpected N instead of { at position 16',
    );
  });

  test('keeps every annotation of a repeated id by image, and the last by id', () => {
    const data = tiny();
    data.annotations?.push({ ...data.annotations[0]!, area: 99 });
    const coco = new COCO(data);
    expect(coco.anns.get(8)?.area).toBe(99);
    expect(coco.imgToAnns.get(1)?.map((ann) => ann.area)).toEqual([12, 99]);
    expect(coco.catToImgs.get(3)).toEqual([1, 1]);
  });

  test('takes a data set assigned after construction', () => {
    const coco = new COCO();
    coco.dataset = tiny();
    coco.createIndex();
    expect(coco.getImgIds()).toEqual([1]);
    expect(coco.info()).toEqual(['year: 2026']);
  });

  test('does not write to the records given to loadRes', () => {
    const records = [{ image_id: 1, category_id: 3, bbox: [0, 0, 2, 2], score: 0.5 }];
    const before = structuredClone(records);
    expect(new COCO(tiny()).loadRes(records).anns.get(1)?.area).toBe(4);
    expect(records).toEqual(before);
  });

  test('names the image a result refers to in vain', () => {
    const run = (): unknown =>
      new COCO(tiny()).loadRes([{ image_id: 77, category_id: 3, bbox: [0, 0, 2, 2], score: 0.5 }]);
    expect(run).toThrow('Results do not correspond to current coco set: there is no image 77');
  });

  test('in strict mode refuses a file and lists every violation with its place', () => {
    const bad: Dataset = {
      images: [
        { id: 1, width: 20, height: 10 },
        { id: 1, width: 0, height: 10 },
      ],
      categories: [{ id: 3 }],
      annotations: [
        { id: 1, image_id: 9, category_id: 4, bbox: [0, 0, -1, 2] },
        { id: 1, image_id: 1, category_id: 3, segmentation: [[0, 0, 1, 1, 2]] },
        { id: 2, image_id: 1, category_id: 3, segmentation: { size: [10, 20], counts: [5, 6] }, iscrowd: 2, area: -3 },
        { id: 3, image_id: 1, category_id: 3, segmentation: { size: [10, 20], counts: '~~' } },
      ],
    };
    expect(new COCO(bad).violations().map(({ list, index, rule }) => `${list} ${index} ${rule}`)).toEqual([
      'images 1 duplicate-id',
      'annotations 1 duplicate-id',
      'images 1 bad-size',
      'annotations 0 unknown-image',
      'annotations 0 unknown-category',
      'annotations 0 bad-bbox',
      'annotations 1 bad-polygon',
      'annotations 2 bad-area',
      'annotations 2 bad-iscrowd',
      'annotations 2 bad-rle',
      'annotations 3 bad-rle',
    ]);
    const strict = (): COCO => new COCO(bad, { strict: true });
    expect(strict).toThrow('11 violations of the COCO format:\n  images[1]: id 1 occurs before\n');
    expect(strict).toThrow(FormatError);
    expect(strict).toThrow(expect.objectContaining({ violations: new COCO(bad).violations() }));
    expect(new COCO(tiny(), { strict: true }).violations()).toEqual([]);
  });

  test('names the first twenty in its error and holds all of them', () => {
    const images = Array.from({ length: 30 }, (_, id) => ({ id }));
    const error = new FormatError(new COCO({ images, annotations: [], categories: [] }).violations());
    expect(error.message).toMatch(/^30 violations .*\n( {2}images\[\d+\]: .*\n){20} {2}and 10 more$/);
    expect(error.violations).toHaveLength(30);
  });

  test('loadNumpyAnnotations makes records of rows', () => {
    const record = { image_id: 1, bbox: [2, 3, 4, 5], score: 0.5, category_id: 6 };
    expect(new COCO().loadNumpyAnnotations([[1.9, 2, 3, 4, 5, 0.5, 6]])).toEqual([record]);
    expect(new COCO().loadNumpyAnnotations(Float64Array.of(1, 2, 3, 4, 5, 0.5, 6))).toEqual([record]);
    expect(() => new COCO().loadNumpyAnnotations([[1, 2]])).toThrow('7 are imageId');
  });
});
