import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { main } from '../src/cli.js';

const folder = mkdtempSync(join(tmpdir(), 'coco-ts-eval-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, value: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value));
  return path;
}

async function run(...args: string[]): Promise<{ code: number; lines: string[]; errors: string[] }> {
  const lines: string[] = [];
  const errors: string[] = [];
  const spy = vi.spyOn(console, 'error').mockImplementation((line: string) => void errors.push(line));
  const code = await main(args, (line) => lines.push(line));
  spy.mockRestore();
  return { code, lines, errors };
}

async function stats(...args: string[]): Promise<Record<string, number>> {
  const { lines } = await run('eval', ...args, '--json');
  return (JSON.parse(lines[0]!) as { stats: Record<string, number> }).stats;
}

const images = [{ id: 1, width: 900, height: 900, file_name: '1.jpg' }];
const boxes = Array.from({ length: 30 }, (_, i) => [20 * (i % 6), 20 * Math.floor(i / 6), 15, 15]);
const annotations = boxes.map((bbox, i) => ({ id: i, image_id: 1, category_id: 1, bbox }));
const gt = write('gt.json', { images, annotations, categories: [{ id: 1, name: 'a' }] });
const dt = write('dt.json', { annotations: boxes.map((bbox) => ({ image_id: 1, category_id: 1, bbox, score: 1 })) });

describe('coco-ts eval', () => {
  test('says on the error channel, once each, what was derived and that ids begin at 0; --no-strict-ids gives the AP of other ids', async () => {
    const strict = await run('eval', '--gt', gt, '--dt', dt);
    expect(strict.errors).toEqual([
      'coco-ts eval: 30 annotations have no area: that of the segmentation, or else of the box, is taken',
      'coco-ts eval: 30 annotations have no iscrowd: 0 is taken',
      expect.stringMatching(/^coco-ts eval: an annotation has the id 0: .*--no-strict-ids/),
    ]);
    expect(strict.lines[0]).toMatch(/= 0\.9\d\d$/);
    const lenient = await run('eval', '--gt', gt, '--dt', dt, '--no-strict-ids');
    expect(lenient.lines[0]).toMatch(/maxDets=100 \] = 1\.000$/);
    expect(lenient.errors).toHaveLength(2);
  });

  test('--max-dets of any number of values gives AP at the last and AR at each, in lines and as JSON', async () => {
    const files = ['--gt', gt, '--dt', dt, '--no-strict-ids'];
    expect(await stats(...files, '--max-dets', '300')).toMatchObject({ AP: expect.closeTo(1, 9), AR300: 1 });
    expect(await stats(...files, '--max-dets', '1,3,10,300')).toMatchObject({
      AP: expect.closeTo(1, 9),
      AR3: 0.1,
      AR300: 1,
    });
    expect(await stats(...files, '--max-dets', '1,10,15')).toMatchObject({
      AR15: 0.5,
      AP50: expect.closeTo(51 / 101, 9),
    });
    const { lines } = await run('eval', ...files, '--max-dets', '20');
    expect(lines[0]).toBe(' Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets= 20 ] = 0.663');
    expect(lines).toHaveLength(10);
  });

  test('--sigmas takes a list or a file for skeletons of other points than 17', async () => {
    const keypoints = (shift: number): number[] => [10 + shift, 10, 2, 40, 40, 2, 70, 10 + shift, 1];
    const box = { image_id: 1, category_id: 1, bbox: [10, 10, 60, 30] };
    const truth = write('points.json', {
      images,
      categories: [{ id: 1, name: 'a' }],
      annotations: [{ ...box, id: 1, iscrowd: 0, area: 1800, keypoints: keypoints(0), num_keypoints: 3 }],
    });
    const found = write('found.json', [{ ...box, score: 1, keypoints: keypoints(2) }]);
    const files = ['--gt', truth, '--dt', found, '--type', 'keypoints'];
    const narrow = await stats(...files, '--sigmas', '0.03,.03, 3e-2');
    expect([narrow.AP50, narrow.AP]).toEqual([expect.closeTo(1, 9), expect.closeTo(0.7, 9)]);
    expect(await stats(...files, '--sigmas', write('sigmas.json', '[0.03, 0.03,\n 0.03]\n'))).toEqual(narrow);
    expect((await stats(...files, '--sigmas', write('sigmas.txt', '.3\n.3\n.3\n'))).AP).toBeCloseTo(1, 9);
    expect((await run('eval', ...files)).errors).toEqual([
      'coco-ts eval: annotation 1 has 9 keypoint numbers, kpt_oks_sigmas (--sigmas) names 17 points: 3 numbers and a sigma for each',
    ]);
    expect((await run('eval', ...files, '--sigmas', '0.1,0')).code).toBe(2);
    expect((await run('eval', '--gt', truth, '--dt', found, '--sigmas', '0.1')).code).toBe(2);
    expect((await stats(...files, '--sigmas', '.3,.3,.3', '--max-dets', '5')).AP).toBeCloseTo(1, 9);
  });

  test('no message, whatever is wrong with the results, speaks of Python', async () => {
    const wrong: unknown[] = [
      [],
      [{}],
      [null],
      {},
      'x',
      [{ image_id: 1 }],
      [{ image_id: 1, category_id: 1, bbox: [1] }],
    ];
    for (const [i, value] of wrong.entries()) {
      const path = write(`wrong${i}.json`, value);
      for (const type of ['bbox', 'segm', 'keypoints']) {
        const { errors } = await run('eval', '--gt', gt, '--dt', path, '--type', type);
        expect(errors.join('\n')).not.toMatch(/out of range|\b\w+Error\b|NoneType|numpy|len\(\)|dict|subscriptable/);
      }
    }
  });
});

describe('coco-ts merge and validate', () => {
  test('merge refuses two pictures of one name, and takes prefixes for the inputs', async () => {
    const other = write('other.json', { images: [{ ...images[0], width: 5 }], annotations: [], categories: [] });
    const out = join(folder, 'out.json');
    const refused = await run('merge', gt, other, out);
    expect([refused.code, refused.errors[0]]).toEqual([
      1,
      expect.stringContaining('1.jpg is 900 x 900 in one file and 5 x 900'),
    ]);
    for (const prefix of [
      ['--prefix', 'a_,b_'],
      ['--prefix', 'a_', '--prefix', 'b_'],
    ]) {
      expect((await run('merge', gt, other, out, ...prefix)).lines).toEqual([`2 images, 30 annotations -> ${out}`]);
      const names = (JSON.parse(readFileSync(out, 'utf8')) as { images: { file_name: string }[] }).images;
      expect(names.map(({ file_name }) => file_name)).toEqual(['a_1.jpg', 'b_1.jpg']);
    }
    expect((await run('merge', gt, other, out, '--prefix', 'a_')).code).toBe(2);
    expect((await run('merge', gt, gt, out)).errors).toEqual([
      'coco-ts merge: images that several files have, by name and size: 1, each kept once',
      'coco-ts merge: annotations of these that are the same but for the id: 30, left out',
    ]);
  });

  test('validate warns without failing, in lines and as JSON', async () => {
    const { code, lines } = await run('validate', gt);
    expect(code).toBe(0);
    expect(lines.map((line) => line.split(': ').slice(0, 2).join(': '))).toEqual([
      'warning: id-zero',
      'warning: no-area',
      'warning: no-iscrowd',
      'no violations, 3 warnings',
    ]);
    const found = JSON.parse((await run('validate', gt, '--json')).lines[0]!) as { severity: string; count: number }[];
    expect(found.map(({ severity, count }) => `${severity} ${count}`)).toEqual([
      'warning 1',
      'warning 30',
      'warning 30',
    ]);
  });
});
