import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { main } from '../src/cli.js';
import { COCO, type Dataset, mergeDatasets } from '../src/index.js';
import { dataMissing, dataPath } from './goldens.js';

const folder = mkdtempSync(join(tmpdir(), 'coco-ts-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

async function run(...args: string[]): Promise<{ code: number; lines: string[]; errors: string[] }> {
  const lines: string[] = [];
  const errors: string[] = [];
  const spy = vi.spyOn(console, 'error').mockImplementation((line: string) => void errors.push(line));
  const code = await main(args, (line) => lines.push(line));
  spy.mockRestore();
  return { code, lines, errors };
}

const dataset: Dataset = {
  images: [
    { id: 1, width: 100, height: 80, file_name: 'a.jpg' },
    { id: 2, width: 60, height: 50, file_name: 'b.jpg' },
  ],
  categories: [
    { id: 3, name: 'cat' },
    { id: 5, name: 'dog & <co>' },
  ],
  annotations: [
    { id: 1, image_id: 1, category_id: 3, bbox: [10, 10, 20, 20], area: 400, iscrowd: 0 },
    {
      id: 2,
      image_id: 1,
      category_id: 5,
      bbox: [50, 20, 30, 40],
      area: 600,
      iscrowd: 0,
      segmentation: [[50, 20, 80, 20, 50, 60]],
    },
    { id: 3, image_id: 2, category_id: 3, bbox: [5, 5, 10, 30], area: 300, iscrowd: 0 },
  ],
};

beforeAll(() => {
  writeFileSync(at('gt.json'), JSON.stringify(dataset));
  writeFileSync(at('gt.json.gz'), gzipSync(JSON.stringify(dataset)));
  const results = dataset.annotations?.map(({ image_id, category_id, bbox }, i) => ({
    image_id,
    category_id,
    bbox,
    score: 0.9 - i / 10,
  }));
  writeFileSync(at('dt.json'), JSON.stringify(results));
});

describe('coco-ts', () => {
  test('eval --out writes the arrays for numpy and --bootstrap an interval around AP', async () => {
    const { code, lines } = await run(
      ...['eval', '--gt', at('gt.json'), '--dt', at('dt.json'), '--out', at('eval.npz'), '--bootstrap', '20', '--json'],
    );
    expect(code).toBe(0);
    const { stats, interval } = JSON.parse(lines[0]!) as {
      stats: Record<string, number>;
      interval: Record<'estimate' | 'low' | 'high', number>;
    };
    expect(interval.estimate).toBeCloseTo(stats.AP!, 12);
    expect(interval.low).toBeLessThanOrEqual(interval.high);
    const bytes = readFileSync(at('eval.npz'));
    expect(bytes.subarray(0, 4).toString('latin1')).toBe('PK\x03\x04');
    expect(bytes.includes("{'descr': '<f8', 'fortran_order': False, 'shape': (10, 101, 2, 4, 3), }")).toBe(true);
    expect((await run('eval', '--gt', at('gt.json'), '--dt', at('dt.json'), '--out', 'eval.txt')).code).toBe(2);
    const text = await run('eval', '--gt', at('gt.json'), '--dt', at('dt.json'), '--bootstrap', '20');
    expect(text.lines.at(-1)).toMatch(/^ AP \d\.\d{4}, 95 % interval .* \(20 resamples/);
  });

  test('eval --tide, --calibration and --curves split the errors, judge the scores and write the curves', async () => {
    const files = ['--gt', at('gt.json'), '--dt', at('dt.json')];
    const { code, lines } = await run('eval', ...files, '--tide', '--calibration', '--curves', at('curves.csv'));
    expect(code).toBe(0);
    expect(lines).toContain('3 detections are right, AP at the foreground IoU 1.0000');
    expect(lines.some((line) => /^missed +0 +0\.0000$/.test(line))).toBe(true);
    // Scores of 0.9, 0.8 and 0.7 that are all right.
    expect(lines).toContain('expected calibration error 0.2000, maximum 0.3000');
    const csv = readFileSync(at('curves.csv'), 'utf8').trim().split('\n');
    expect(csv).toHaveLength(1 + 3 * 101);
    expect(csv[0]).toBe('category,iou,recall,precision,f1,score');
    expect(csv.at(-1)).toMatch(/^dog & <co>,0\.5,1,(1|0\.9{5,}\d*),(1|0\.9{5,}\d*),0\.8$/);
    const named = (name: string) => ({
      images: [{ id: 1 }],
      categories: [{ id: 1, name }],
      annotations: [{ id: 1, image_id: 1, category_id: 1, bbox: [0, 0, 9, 9], area: 81, iscrowd: 0 }],
    });
    writeFileSync(at('formula.json'), JSON.stringify(named('=1+1')));
    writeFileSync(
      at('formula-dt.json'),
      JSON.stringify([{ image_id: 1, category_id: 1, bbox: [0, 0, 9, 9], score: 1 }]),
    );
    await run('eval', '--gt', at('formula.json'), '--dt', at('formula-dt.json'), '--curves', at('formula.csv'));
    expect(readFileSync(at('formula.csv'), 'utf8')).toContain("\n'=1+1,0.5,"); // never a formula
    const { tide } = JSON.parse((await run('eval', ...files, '--tide', '--json')).lines[0]!) as {
      tide: { errors: Record<string, number> };
    };
    expect(tide.errors).toMatchObject({ correct: 3, missed: 0 });
  });

  test('eval --protocol gives the numbers of VOC, Open Images and LVIS', async () => {
    const files = ['--gt', at('gt.json'), '--dt', at('dt.json')];
    for (const protocol of ['voc07', 'voc10', 'openimages']) {
      const { code, lines } = await run('eval', ...files, '--protocol', protocol);
      expect([code, lines[0]]).toEqual([0, 'mean AP 1.000']);
      const { mean, perClass } = JSON.parse(
        (await run('eval', ...files, '--protocol', protocol, '--json')).lines[0]!,
      ) as {
        mean: number;
        perClass: { category: string; ap: number }[];
      };
      expect(mean).toBeCloseTo(1, 14);
      expect(perClass.map(({ category }) => category)).toEqual(['cat', 'dog & <co>']);
    }
    const federated = {
      ...dataset,
      images: dataset.images?.map((image) => ({ ...image, neg_category_ids: [], not_exhaustive_category_ids: [] })),
      categories: dataset.categories?.map((category, i) => ({ ...category, frequency: i === 0 ? 'r' : 'f' })),
    };
    writeFileSync(at('lvis.json'), JSON.stringify(federated));
    const lvis = await run('eval', '--gt', at('lvis.json'), '--dt', at('dt.json'), '--protocol', 'lvis');
    expect(lvis.lines.find((line) => line.startsWith('APr'))).toBe('APr  1.000');
    expect((await run('eval', ...files, '--protocol', 'lvis')).code).toBe(1);
    expect((await run('eval', ...files, '--protocol', 'voc07', '--per-class')).code).toBe(2);
    expect((await run('eval', ...files, '--protocol', 'pascal')).code).toBe(2);
    expect((await run('eval', ...files, '--protocol', 'voc07', '--type', 'segm')).code).toBe(2);
  });

  test('eval prints the twelve lines, the table of classes and the confusion matrix', async () => {
    const { code, lines } = await run(
      'eval',
      '--gt',
      at('gt.json.gz'),
      '--dt',
      at('dt.json'),
      '--per-class',
      '--confusion',
    );
    expect(code).toBe(0);
    expect(lines[0]).toBe(' Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 1.000');
    expect(lines.filter((line) => line.startsWith(' Average'))).toHaveLength(12);
    expect(lines.find((line) => /^cat .*\./.test(line))?.split(/ +/)).toEqual([
      'cat',
      '1.000',
      '1.000',
      '1.000',
      '1.000',
      '-1.000',
      '-1.000',
      '1.000',
    ]);
    expect(lines.slice(-3)).toEqual([
      'cat           2           0           0',
      'dog & <co>    0           1           0',
      'background    0           0           0',
    ]);
  });

  test('eval --json gives the numbers by name', async () => {
    const { lines } = await run('eval', '--gt', at('gt.json'), '--dt', at('dt.json'), '--json', '--per-class');
    const { stats, perClass } = JSON.parse(lines.join('')) as {
      stats: Record<string, number>;
      perClass: { name: string; ap50: number }[];
    };
    expect(stats.AP).toBeCloseTo(1, 12);
    expect(stats.APl).toBe(-1);
    expect(perClass.map(({ name }) => name)).toEqual(['cat', 'dog & <co>']);
  });

  test('tells a wrong call (2) from wrong input (1)', async () => {
    expect(await run('eval', '--gt', at('gt.json'))).toMatchObject({
      code: 2,
      errors: ['coco-ts eval: --dt is missing'],
    });
    expect((await run('eval', '--nonsense')).code).toBe(2);
    expect((await run('nonsense')).code).toBe(2);
    expect((await run('eval', '--gt', at('none.json'), '--dt', at('dt.json'))).code).toBe(1);
    expect((await run('--help')).lines[0]).toContain('usage');
  });

  test('stats counts and validate finds nothing in a sound file', async () => {
    expect((await run('stats', at('gt.json'))).lines.slice(0, 3)).toEqual([
      'images       2 (0 without annotations)',
      'annotations  3 (0 crowds)',
      'sizes        3 small, 0 medium, 0 large',
    ]);
    expect(await run('validate', at('gt.json'))).toMatchObject({ code: 0, lines: ['no violations'] });
  });

  test('validate lists violations and fails', async () => {
    writeFileSync(at('bad.json'), JSON.stringify({ ...dataset, categories: [{ id: 3, name: 'cat' }] }));
    const { code, lines } = await run('validate', at('bad.json'));
    expect(code).toBe(1);
    expect(lines[0]).toBe('unknown-category: annotations[1]: category_id 5 is not in categories');
  });

  test.each(['voc', 'labelme'])('convert to %s and back keeps images, names and boxes', async (format) => {
    expect((await run('convert', '--from', 'coco', '--to', format, at('gt.json'), at(format))).code).toBe(0);
    expect(readdirSync(at(format))).toHaveLength(2);
    expect((await run('convert', '--from', format, '--to', 'coco', at(format), at(`${format}.json.gz`))).code).toBe(0);
    const back = JSON.parse(gunzipSync(readFileSync(at(`${format}.json.gz`))).toString()) as Dataset;
    expect(back.images?.map(({ file_name, width, height }) => [file_name, width, height])).toEqual([
      ['a.jpg', 100, 80],
      ['b.jpg', 60, 50],
    ]);
    expect(back.annotations?.map(({ bbox }) => bbox)).toEqual(dataset.annotations?.map(({ bbox }) => bbox));
    expect(back.categories?.map(({ name }) => name)).toEqual(['cat', 'dog & <co>']);
    if (format === 'labelme') expect(back.annotations?.[1]?.segmentation).toEqual([[50, 20, 80, 20, 50, 60]]);
  });

  test('convert writes YOLO fractions', async () => {
    await run('convert', '--from', 'coco', '--to', 'yolo', at('gt.json'), at('yolo'));
    expect(readFileSync(at('yolo/a.txt'), 'utf8')).toBe('0 0.2 0.25 0.2 0.25\n1 0.65 0.5 0.3 0.5\n');
    expect(readFileSync(at('yolo/classes.txt'), 'utf8')).toBe('cat\ndog & <co>\n');
  });

  test('filter keeps one category and drops images without it', async () => {
    await run('filter', at('gt.json'), at('dogs.json'), '--categories', 'dog & <co>', '--drop-empty');
    const kept = (await COCO.load(at('dogs.json'))).dataset;
    expect([kept.images?.length, kept.annotations?.length, kept.categories?.length]).toEqual([1, 1, 1]);
    expect((await run('filter', at('gt.json'), at('x.json'), '--categories', 'cow')).errors[0]).toContain(
      'there is no category cow: there are cat, dog',
    );
  });

  test('split then merge gives every annotation back', async () => {
    await run('split', at('gt.json'), at('p.json'), at('q.json'), '--fractions', '0.5,0.5', '--seed', '4');
    expect((await run('merge', at('p.json'), at('q.json'), at('all.json'))).lines).toEqual([
      `2 images, 3 annotations -> ${at('all.json')}`,
    ]);
    const boxes = ((await COCO.load(at('all.json'))).dataset.annotations ?? []).map(({ bbox }) => String(bbox)).sort();
    expect(boxes).toEqual((dataset.annotations ?? []).map(({ bbox }) => String(bbox)).sort());
    expect((await run('diff', at('gt.json'), at('all.json'))).code).toBe(0);
  });

  test('merge keeps ids that are free and gives the others new ones', () => {
    const one = (image: number, file_name: string, category: number, name: string) => ({
      images: [{ id: image, file_name }],
      categories: [{ id: category, name }],
      annotations: [{ id: 5, image_id: image, category_id: category }],
    });
    const merged = mergeDatasets([one(7, 'a.jpg', 3, 'cat'), one(7, 'b.jpg', 3, 'dog'), one(9, 'a.jpg', 1, 'dog')]);
    expect(merged.images).toEqual([
      { id: 7, file_name: 'a.jpg' },
      { id: 1, file_name: 'b.jpg' },
    ]);
    expect(merged.categories?.map(({ id, name }) => [id, name])).toEqual([
      [3, 'cat'],
      [1, 'dog'],
    ]);
    expect(merged.annotations?.map((ann) => [ann.id, ann.image_id, ann.category_id])).toEqual([
      [5, 7, 3],
      [1, 1, 1],
      [2, 7, 1],
    ]);
  });

  test('diff names what changed', async () => {
    expect((await run('diff', at('gt.json'), at('gt.json.gz'))).code).toBe(0);
    const annotations = dataset.annotations!.map((ann) => (ann.id === 2 ? { ...ann, area: 1 } : ann)).slice(1);
    writeFileSync(at('changed.json'), JSON.stringify({ ...dataset, annotations }));
    const { code, lines } = await run('diff', at('gt.json'), at('changed.json'));
    expect(code).toBe(1);
    expect(lines).toEqual(expect.arrayContaining(['annotations: 0 added, 1 removed, 1 changed', '- 1', '~ 2: area']));
  });

  const review = dataMissing('padilla_review', 'database');
  test.skipIf(review)(`convert reads the same 273 boxes from VOC and from YOLO${review ?? ''}`, async () => {
    const gts = dataPath('padilla_review', 'database', 'gts');
    await run('convert', '--from', 'voc', '--to', 'coco', join(gts, 'pascalvoc_format'), at('v.json'));
    const images = dataPath('padilla_review', 'database', 'images');
    const yolo = ['--images', images, '--names', join(gts, 'yolo_format', 'obj.names')];
    expect(
      await run(
        'convert',
        '--from',
        'yolo',
        '--to',
        'coco',
        join(gts, 'yolo_format', 'obj_train_data'),
        at('y.json'),
        ...yolo,
      ),
    ).toMatchObject({ code: 0 });
    const [voc, other] = [(await COCO.load(at('v.json'))).dataset, (await COCO.load(at('y.json'))).dataset];
    const listed = (data: Dataset): string[] => {
      const names = new Map(data.categories?.map(({ id, name }) => [id, name]));
      const files = new Map(data.images?.map(({ id, file_name }) => [id, file_name]));
      return (data.annotations ?? [])
        .map((ann) => `${files.get(ann.image_id)} ${names.get(ann.category_id)} ${ann.bbox?.map(Math.round)}`)
        .sort();
    };
    expect(listed(voc)).toHaveLength(273);
    expect(listed(other)).toEqual(listed(voc));
  });
});

test.skipIf(process.platform !== 'linux')('an output that cannot be written, or that nobody reads, is no stack', () => {
  const program = fileURLToPath(new URL('../bin/coco-ts.js', import.meta.url));
  const run = (end: string) => spawnSync('bash', ['-c', `set -o pipefail; "${process.execPath}" "${program}" ${end}`]);
  const full = run('--help > /dev/full');
  expect(full.status).toBe(1);
  expect(full.stderr.toString()).toMatch(/^coco-ts: standard output cannot be written: ENOSPC[^\n]*\n$/);
  expect(run('--help | true')).toMatchObject({ status: 0 });
  expect(run('nothing 2> /dev/full').status).toBe(2);
});
