import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeIndexedPng } from '../../datasets/index.js';
import { runDatasetCases } from '../conformance/dataset.js';
import { dataMissing, dataPath } from '../data.js';
import { failure, folderWith, greyPng, vocXml } from './folder.js';
import { openVoc } from './open.js';

const small = (xml: string, extra: { [path: string]: string | Uint8Array } = {}): string =>
  folderWith({
    'ImageSets/Main/train.txt': 'a\n',
    'Annotations/a.xml': xml,
    'JPEGImages/a.png': greyPng(40, 50),
    ...extra,
  });
const open = (root: string, classes?: readonly string[]) =>
  openVoc({ root, split: 'train', task: 'detection', ...(classes && { classes }) });
const truthOf = (data: Awaited<ReturnType<typeof open>>) => data.entries[0]?.truth as { [key: string]: unknown };

describe('openVoc for detection', () => {
  it('turns 1-based inclusive corners into pixels with exclusive ends, and ignores difficult objects', async () => {
    const data = await open(
      small(
        vocXml(
          [40, 50],
          [
            ['cat', 1, 1, 40, 50],
            ['ant', 11, 21, 12, 30, 1],
          ],
        ),
      ),
    );
    expect(data.labels.classes).toEqual([
      { id: 1, name: 'ant' },
      { id: 2, name: 'cat' },
    ]);
    expect(truthOf(data)).toEqual({
      kind: 'boxes',
      boxes: Float64Array.of(0, 0, 40, 50, 10, 20, 12, 30),
      labels: Int32Array.of(1, 0),
      ignored: Uint8Array.of(0, 1),
      areas: Float64Array.of(2000, 20),
    });
    expect(data.warnings).toEqual([]);
  });

  it('drops boxes degenerate as written, clips those outside, and counts both by file', async () => {
    const objects = [
      ['a', 5, 5, 5, 9],
      ['a', 0, 1, 41, 9],
      ['a', 30, 30, 45, 40],
      ['a', 60, 60, 70, 70],
    ] as const;
    const data = await open(small(vocXml([40, 50], objects)));
    expect(truthOf(data).boxes).toEqual(Float64Array.of(0, 0, 40, 9, 29, 29, 40, 40));
    expect(data.warnings.map(({ code, count, files }) => [code, count, files])).toEqual([
      ['degenerate-box', 1, ['JPEGImages/a.png']],
      ['box-clipped', 1, ['JPEGImages/a.png']],
      ['box-outside', 1, ['JPEGImages/a.png']],
      ['box-missed', 1, ['JPEGImages/a.png']],
    ]);
  });

  it('keeps an image without objects', async () => {
    const data = await open(small(vocXml([40, 50], [])), ['a']);
    expect(truthOf(data).labels).toEqual(new Int32Array(0));
  });

  it('takes the class order given, as names or as the labels of another split', async () => {
    const root = small(vocXml([40, 50], [['b', 1, 1, 9, 9]]));
    const first = await open(root, ['c', 'b']);
    const second = await openVoc({ root, split: 'train', task: 'detection', classes: first.labels });
    expect(truthOf(first).labels).toEqual(Int32Array.of(1));
    expect(second.labels).toEqual(first.labels);
  });

  it.each([
    [
      'an unknown class',
      vocXml([40, 50], [['Platelet', 1, 1, 9, 9]]),
      /no object of .* is a 'Platelets': did you mean 'Platelet'/,
    ],
    ["a size that is not the image's", vocXml([41, 50], []), /the image is 40x50, its annotation says 41x50/],
    ['a size turned by a quarter', vocXml([50, 40], []), /without its EXIF orientation/],
    ['a coordinate that is no number', vocXml([40, 50], [['RBC', Number.NaN, 1, 9, 9]]), /1 box without four numbers/],
    [
      'fractions for pixels',
      vocXml(
        [40, 50],
        [
          ['RBC', 0.1, 0.1, 0.5, 0.5],
          ['RBC', 0.2, 0.3, 0.9, 0.9],
        ],
      ),
      /fractions/,
    ],
    ['text', 'hello', /not well-formed XML/],
    ['another XML file', '<svg></svg>', /<svg> file/],
    [
      'an entity bomb',
      '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><annotation><object><name>&b;</name></object></annotation>',
      /document type declaration/,
    ],
    ['an external entity', '<!DOCTYPE x SYSTEM "file:///etc/passwd"><annotation/>', /document type declaration/],
    ['deep nesting', `<annotation>${'<a>'.repeat(100_000)}`, /nested deeper/],
  ])('refuses %s in one sentence', async (_what, xml, expected) => {
    expect(await failure(open(small(xml), ['RBC', 'Platelets']))).toMatch(expected);
  });

  it('refuses missing folders, splits, annotations and images in one sentence', async () => {
    const root = small(vocXml([40, 50], []), {
      'ImageSets/Main/no-xml.txt': 'b',
      'ImageSets/Main/no-jpg.txt': 'c',
      'Annotations/c.xml': vocXml([1, 1], []),
    });
    const split = (name: string) => failure(openVoc({ root, split: name, task: 'detection', classes: ['a'] }));
    expect(await split('val')).toMatch(/'val' fits none of the .* images; the layout has ImageSets\/Main\/train.txt/);
    expect(await split('no-xml')).toMatch(/b \(no annotation of that name, listed in ImageSets\/Main\/no-xml.txt/);
    expect(await split('no-jpg')).toMatch(/x \(no such image below .*, named by .*c.xml/);
    expect(await failure(open(join(root, 'none')))).toMatch(/no such data folder/);
  });

  it('never leaves the data folder by name, and by link where links: follow', async () => {
    const outside = folderWith({ 'secret.png': greyPng(4, 4) });
    const root = small(vocXml([40, 50], []), {
      'ImageSets/Main/up.txt': '../../a',
      'ImageSets/Main/link.txt': 'l',
      'Annotations/l.xml': vocXml([4, 4], []),
    });
    symlinkSync(join(outside, 'secret.png'), join(root, 'JPEGImages/l.png'));
    const open = (split: string, links: 'follow' | 'inside') =>
      openVoc({ root, split, task: 'detection', classes: ['a'], links });
    expect((await open('up', 'inside')).entries.map(({ id }) => id)).toEqual(['JPEGImages/a.png']);
    expect(await failure(open('link', 'inside'))).toMatch(
      /a link that leaves the data folder .* links: inside refuses/,
    );
    expect((await open('link', 'follow')).entries.map(({ id }) => id)).toEqual(['JPEGImages/l.png']);
  });
});

describe('openVoc for segmentation', () => {
  const palette = Array.from({ length: 256 }, (_, i) => [i, 0, 255 - i] as const);
  const seg = (values: readonly number[], extra = {}) =>
    folderWith({
      'ImageSets/Segmentation/val.txt': 'a',
      'JPEGImages/a.png': greyPng(2, 2),
      'SegmentationClass/a.png': encodeIndexedPng({ data: Uint8Array.from(values), width: 2, height: 2 }, palette),
      ...extra,
    });

  it('reads palette indices as classes and keeps 255 as ignored', async () => {
    const data = await openVoc({
      root: seg([0, 1, 1, 255]),
      split: 'val',
      task: 'segmentation',
      classes: ['background', 'cat'],
    });
    expect((await data.get(0)).truth).toEqual({
      kind: 'classMap',
      mask: Uint8Array.of(0, 1, 1, 255),
      width: 2,
      height: 2,
    });
  });

  it('takes the class names from labelmap.txt, and asks for them where there is none', async () => {
    const root = seg([0, 1, 2, 0], {
      'labelmap.txt': '# label:color_rgb:parts:actions\nbackground:0,0,0::\ncat:1,2,3::\ndog:4,5,6::\n',
    });
    const data = await openVoc({ root, split: 'val', task: 'segmentation' });
    expect(data.labels.classes.map(({ name }) => name)).toEqual(['background', 'cat', 'dog']);
    expect(await failure(openVoc({ root: seg([0, 0, 0, 0]), split: 'val', task: 'segmentation' }))).toMatch(
      /give classes/,
    );
  });

  it('lists values outside the classes with their counts', async () => {
    const root = seg([0, 7, 7, 9]);
    expect(await failure(openVoc({ root, split: 'val', task: 'segmentation', classes: ['b', 'cat'] }))).toMatch(
      /a.png: mask values outside the table \(0, 1, 255\): 7 \(2 pixels\), 9 \(1 pixels\)/,
    );
  });
});

describe.skipIf(dataMissing)(`openVoc on BCCD (${dataMissing ?? 'present'})`, () => {
  const bccd = (split: string) =>
    openVoc({ root: dataPath('bccd'), split, task: 'detection', classes: ['RBC', 'WBC', 'Platelets'] });
  const counts = async (split: string) => {
    const data = await bccd(split);
    const perClass = [0, 0, 0];
    for (const { truth } of data.entries) {
      for (const label of (truth as { labels: Int32Array }).labels) perClass[label] = (perClass[label] as number) + 1;
    }
    return { size: data.size, perClass, warnings: data.warnings.map(({ code, files }) => `${code} ${files}`) };
  };

  it('counts what its provenance counts, less the two degenerate boxes, each with its file', async () => {
    expect(await counts('train')).toEqual({
      size: 205,
      perClass: [2381, 214, 209],
      warnings: ['degenerate-box JPEGImages/BloodImage_00343.jpg'],
    });
    expect(await counts('val')).toEqual({
      size: 87,
      perClass: [967, 87, 83],
      warnings: ['degenerate-box JPEGImages/BloodImage_00338.jpg'],
    });
    expect(await counts('test')).toEqual({ size: 72, perClass: [805, 71, 69], warnings: [] });
  });

  runDatasetCases({ name: 'BCCD val', create: () => bccd('val') });
});
