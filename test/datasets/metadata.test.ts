import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readSlices } from '../../datasets/metadata.js';
import { folderWith } from './folder.js';

const IDS = ['images/a.png', 'images/b.png', 'c.tif', 'd/e.png'];
const slicesOf = async (name: string, text: string, ids: readonly string[] = IDS) =>
  (await readSlices(join(folderWith({ [name]: text }), name), ids)).map(({ field, value, ids: found }) => [
    field,
    value,
    [...found].join(' '),
  ]);

it('a CSV gives a slice for every value of a column; images are named in full, by file, or without ending', async () => {
  const text = 'image;site;stain\nimages/a.png;north;HE\nb.png;south;HE\nc;"north";HE\nunknown.png;west;HE\n';
  expect(await slicesOf('facts.csv', text)).toEqual([
    ['site', 'north', 'images/a.png c.tif'],
    ['site', 'south', 'images/b.png'],
  ]);
});

it('a column of another name is that of images where it comes first', async () => {
  expect(await slicesOf('facts.csv', 'slide,day\na.png,1\nb.png,2\n')).toEqual([
    ['day', '1', 'images/a.png'],
    ['day', '2', 'images/b.png'],
  ]);
});

it('images of a COCO file, a list and an object by name are read alike', async () => {
  const records = [
    { file_name: 'a.png', id: 1, night: true, coco_url: 'x' },
    { file_name: 'e.png', id: 2, night: false, coco_url: 'y' },
  ];
  const expected = [
    ['night', 'false', 'd/e.png'],
    ['night', 'true', 'images/a.png'],
  ];
  const byName = Object.fromEntries(records.map(({ file_name, ...record }) => [file_name, record]));
  for (const value of [{ images: records, annotations: [] }, records, byName])
    expect(await slicesOf('facts.json', JSON.stringify(value))).toEqual(expected);
});

it('numbers are cut into quarters, of texts that are many the frequent ones are told apart', async () => {
  const ids = Array.from({ length: 40 }, (_, i) => `${i}.png`);
  const rows = ids.map((id, i) => `${id},${i / 2},${i < 20 ? 'common' : `rare${i}`},own${i}`);
  const found = await slicesOf('facts.csv', `file,depth,place,label\n${rows.join('\n')}\n`, ids);
  expect(found.map(([field, value, members]) => [field, value, members?.split(' ').length])).toEqual([
    ['depth', '0 to 5', 11],
    ['depth', '5 to 10', 10],
    ['depth', '10 to 14.5', 9],
    ['depth', '14.5 to 19.5', 10],
    ...[['place', 'common', 20]],
    ['place', 'others', 10],
    ...Array.from({ length: 10 }, (_, i) => ['place', `rare${i + 20}`, 1]),
  ]);
});

it('a file that names none of the images, or is no table, is refused with both names', async () => {
  await expect(slicesOf('facts.csv', 'file,a\nx.png,1\n')).rejects.toThrow(
    "none of its 1 images, such as 'x.png', is one of the data set, such as 'images/a.png'",
  );
  await expect(slicesOf('facts.json', '3')).rejects.toThrow('neither a list nor an object of images');
  await expect(slicesOf('facts.json', '{')).rejects.toThrow('not well-formed JSON');
});
