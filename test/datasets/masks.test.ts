import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { encodePng, IGNORED } from '../../datasets/index.js';
import { runDatasetCases } from '../conformance/dataset.js';
import { dataMissing, dataPath } from '../data.js';
import { failure, folderWith, greyPng } from './folder.js';
import { openMasks } from './open.js';

const pictures = (names: readonly string[], values: readonly number[] = [0, 255, 255, 0]) =>
  Object.fromEntries(
    names.flatMap((name) => [
      [`image/${name}.png`, greyPng(2, 2, 9)],
      [`label/${name}.png`, greyPng(2, 2, values)],
    ]),
  );
const open = (root: string, changes: Partial<Parameters<typeof openMasks>[0]> = {}) =>
  openMasks({
    root,
    images: 'image/*.png',
    masks: 'label/*.png',
    split: '0',
    classes: ['membrane', 'cell'],
    values: { 0: 'membrane', 255: 'cell' },
    ...changes,
  });
const ids = async (work: ReturnType<typeof open>) => (await work).entries.map(({ id }) => id);

describe('values that no config explains', () => {
  const [side, names] = [64, ['0', '1']] as const;
  /** Squares of these colours on black; of the first two images, as PNG or JPEG, with borders as wide as a blur makes them. */
  async function drawn(colours: readonly (readonly number[])[], change: (mask: Sharp) => Sharp, ending: string) {
    const data = new Uint8Array(side * side * 3);
    for (const [i, colour] of colours.entries()) {
      for (let y = 10; y < 50; y++) for (let x = 0; x < 18; x++) data.set(colour, (y * side + 4 + i * 28 + x) * 3);
    }
    const mask = await change(sharp(data, { raw: { width: side, height: side, channels: 3 } })).toBuffer();
    const files = names.flatMap((name) => [
      [`image/${name}.png`, greyPng(side, side)],
      [`label/${name}.${ending}`, mask],
    ]);
    return open(folderWith(Object.fromEntries(files)), { masks: `label/*.${ending}`, classes: [], values: {} });
  }
  const white = [255, 255, 255];
  const [red, green] = [
    [128, 0, 0],
    [0, 128, 0],
  ];

  it.each([
    ['blurred', [white], (mask: Sharp) => mask.blur(0.8).toColourspace('b-w').png(), 'png', ['background', 'object']],
    [
      'blurred colours',
      [red, green],
      (mask: Sharp) => mask.blur(0.8).png(),
      'png',
      ['background', '#008000', '#800000'],
    ],
    [
      'a JPEG',
      [white],
      (mask: Sharp) => mask.toColourspace('b-w').jpeg({ quality: 80 }),
      'jpg',
      ['background', 'object'],
    ],
  ] as const)(
    'are those that fill areas where masks are %s, and the others go to the nearest',
    async (_, colours, change, ending, classes) => {
      const data = await drawn(colours, change, ending);
      expect(data.labels.classes.map(({ name }) => name)).toEqual(classes);
      expect(data.warnings.map(({ message }) => message).join()).toMatch(/hold \d+ values, but only .* fill areas/);
      const { truth } = await data.get(0);
      const mask = 'mask' in truth ? truth.mask : new Uint8Array();
      const counts = classes.map((_name, label) => mask.filter((value) => value === label).length);
      for (const count of counts.slice(1)) expect(Math.abs(count - 18 * 40)).toBeLessThan(60);
      expect(mask).not.toContain(IGNORED);
    },
  );

  it('are all meant where each fills an area, as numbers of objects do', async () => {
    const values = Array.from(
      { length: side * side },
      (_, i) => 3 * (8 * Math.floor(i / side / 8) + Math.floor((i % side) / 8)),
    );
    const files = { 'image/0.png': greyPng(side, side), 'label/0.png': greyPng(side, side, values) };
    const data = await open(folderWith(files), { classes: [], values: {} });
    expect(data.labels.classes).toHaveLength(64);
  });
});

describe('openMasks', () => {
  it('maps mask values to classes by the table', async () => {
    const data = await open(folderWith(pictures(['0'])));
    expect((await data.get(0)).truth).toEqual({
      kind: 'classMap',
      mask: Uint8Array.of(0, 1, 1, 0),
      width: 2,
      height: 2,
    });
  });

  it('counts positions in natural order: 2 before 10', async () => {
    const root = folderWith(pictures(['10', '2', '1', '0']));
    expect(await ids(open(root, { split: '2-3' }))).toEqual(['image/2.png', 'image/10.png']);
    expect(await ids(open(root, { split: '3,0-1' }))).toEqual(['image/10.png', 'image/0.png', 'image/1.png']);
  });

  it('takes a list file, names and patterns as a split', async () => {
    const root = folderWith({ ...pictures(['a', 'b', 'c1', 'c2']), 'val.txt': 'b\nimage/a.png\n' });
    expect(await ids(open(root, { split: 'val.txt' }))).toEqual(['image/a.png', 'image/b.png']);
    expect(await ids(open(root, { split: ['image/c*', 'a'] }))).toEqual([
      'image/a.png',
      'image/c1.png',
      'image/c2.png',
    ]);
    expect(await failure(open(root, { split: ['zz'] }))).toMatch(/'zz' fits none of the 4 images/);
    expect(await failure(open(root, { split: '2-9' }))).toMatch(/position 9 of '2-9' is beyond the 4 images, 0-3/);
  });

  it('pairs by the wildcards of the file names, else by those of the whole paths', async () => {
    const names = folderWith({ 'x/s1_SEM.png': greyPng(1, 1), 'y/deep/s1_SEM_seg.png': greyPng(1, 1, 255) });
    const paths = folderWith({
      'a/image.png': greyPng(1, 1),
      'b/image.png': greyPng(1, 1),
      'a/mask.png': greyPng(1, 1, 0),
      'b/mask.png': greyPng(1, 1, 255),
    });
    const byName = await open(names, { images: '**/*_SEM.png', masks: 'y/**/*_SEM_seg.png' });
    const byPath = await open(paths, { images: '*/image.png', masks: '*/mask.{png,tif}', split: '0-1' });
    expect((await byName.get(0)).truth.mask).toEqual(Uint8Array.of(1));
    expect((await byPath.get(1)).truth.mask).toEqual(Uint8Array.of(1));
  });

  it('lists images without mask and masks without image', async () => {
    const root = folderWith({ ...pictures(['a']), 'image/b.png': greyPng(2, 2), 'label/c.png': greyPng(2, 2) });
    expect((await open(root)).warnings.map(({ message }) => message)).toEqual([
      '1 image without a mask, left out: image/b.png',
      '1 mask without an image, left out: label/c.png',
    ]);
    expect(await failure(open(root, { images: 'images/*.png' }))).toMatch(/no file fits 'images\/\*\.png'/);
  });

  it('refuses values outside the table, or ignores or maps them and counts their pixels', async () => {
    const root = folderWith(pictures(['a'], [0, 250, 250, 100]));
    expect(await failure(open(root))).toMatch(
      /label\/a.png: mask values outside the table \(0, 255\): 100 \(1 pixels\), 250 \(2 pixels\); add them to values, or set otherValues/,
    );
    const ignored = await open(root, { otherValues: 'ignore' });
    const nearest = await open(root, { otherValues: 'nearest' });
    expect((await ignored.get(0)).truth.mask).toEqual(Uint8Array.of(0, IGNORED, IGNORED, IGNORED));
    expect((await nearest.get(0)).truth.mask).toEqual(Uint8Array.of(0, 1, 1, 0));
    expect(ignored.warnings).toMatchObject([{ code: 'ignored-values', count: 3, files: ['label/a.png'] }]);
    expect(nearest.warnings).toMatchObject([{ code: 'mapped-values', count: 3, files: ['label/a.png'] }]);
  });

  it('reads values as class positions where no table is given, and 255 as ignored', async () => {
    const data = await openMasks({
      root: folderWith(pictures(['a'], [0, 1, 255, 0])),
      images: 'image/*.png',
      masks: 'label/*.png',
      split: '0',
      classes: ['x', 'y'],
    });
    expect((await data.get(0)).truth.mask).toEqual(Uint8Array.of(0, 1, IGNORED, 0));
  });

  it.each([
    ['a mask of another size', { 'label/a.png': greyPng(3, 2) }, {}, /the mask is 3x2, its image 2x2/],
    [
      'a colour mask among grey ones',
      { 'label/a.png': encodePng({ data: Uint8Array.from({ length: 12 }, (_, i) => i), width: 2, height: 2 }) },
      {},
      /is a colour mask/,
    ],
    ['a JPEG mask', { 'label/a.png': Uint8Array.of(0xff, 0xd8, 0xff, 0xe0) }, {}, /truncated image/],
    [
      'a table with an unknown class',
      {},
      { values: { 0: 'membran', 1: 'cell' } },
      /unknown class 'membran': did you mean 'membrane'/,
    ],
    ['a table that leaves a class out', {}, { values: { 0: 'membrane' } }, /no mask value stands for class 'cell'/],
    ['a class listed twice', {}, { classes: ['a', 'a'] }, /listed twice/],
    ['a pattern that leaves the folder', {}, { images: '../*.png' }, /must be a path inside the data folder/],
    ['an absolute pattern', {}, { images: '/etc/*' }, /must be a path inside the data folder/],
  ] as const)('refuses %s in one sentence', async (_what, files, changes, expected) => {
    expect(await failure(open(folderWith({ ...pictures(['a']), ...files }), changes))).toMatch(expected);
  });
});

describe.skipIf(dataMissing)(`openMasks on real data (${dataMissing ?? 'present'})`, () => {
  const membranes = (split: string) =>
    openMasks({
      root: dataPath('isbi2012_em'),
      images: 'train/image/*.png',
      masks: 'train/label/*.png',
      split,
      classes: ['membrane', 'cell'],
      values: { 0: 'membrane', 255: 'cell' },
    });
  const axons = (otherValues: 'error' | 'ignore' | 'nearest', split: readonly string[]) =>
    openMasks({
      root: dataPath('axon_sem'),
      images: 'sub-*/micr/*_SEM.png',
      masks: 'derivatives/labels/sub-*/micr/*_SEM_seg-axonmyelin-manual.png',
      split,
      classes: ['background', 'myelin', 'axon'],
      values: { 0: 'background', 127: 'myelin', 128: 'myelin', 255: 'axon' },
      otherValues,
    });

  it('splits the membranes into 24 and 6 images, 22 % of them membrane', async () => {
    const [train, val] = [await membranes('0-23'), await membranes('24-29')];
    expect([train.size, val.size, val.entries[0]?.id]).toEqual([24, 6, 'train/image/24.png']);
    let membrane = 0;
    for (const data of [train, val]) {
      for await (const { truth } of data) membrane += truth.mask.filter((index) => index === 0).length;
    }
    expect(membrane / (30 * 512 * 512)).toBeCloseTo(0.22, 3);
  });

  it('counts the nine stray pixels of the axons, and every pixel of the classes', async () => {
    const data = await axons('ignore', ['sub-*/**']);
    expect(data.size).toBe(8);
    expect(data.warnings).toHaveLength(1);
    expect(data.warnings[0]).toMatchObject({ code: 'ignored-values', count: 9 });
    expect(data.warnings[0]?.files.join()).toContain('sub-rat2');
    const counts = new Map<number, number>();
    for await (const { truth } of data) for (const i of truth.mask) counts.set(i, (counts.get(i) ?? 0) + 1);
    expect(counts).toEqual(
      new Map([
        [0, 2_815_814],
        [1, 2_559_657],
        [2, 1_989_207],
        [IGNORED, 9],
      ]),
    );
  });

  it('maps unknown values to the nearest class, or refuses them with values and counts', async () => {
    expect((await axons('nearest', ['sub-rat2/**'])).warnings).toMatchObject([{ code: 'mapped-values', count: 9 }]);
    expect(await failure(axons('error', ['sub-rat2/**']))).toMatch(/130 \(5 pixels\), 233 \(4 pixels\)/);
    expect((await axons('error', ['sub-rat6/**', 'sub-rat8/**'])).size).toBe(2);
  });

  runDatasetCases({ name: 'membranes', create: () => membranes('24-29') });
});
