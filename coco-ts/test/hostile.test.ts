import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { main } from '../src/cli.js';
import { writeWhole } from '../src/commands/output.js';
import {
  COCO,
  COCOeval,
  CocoFile,
  confusionMatrix,
  type Dataset,
  JsonError,
  mask,
  parseJson,
  readVoc,
  writeNpz,
  writeVoc,
} from '../src/index.js';
import { addRuns } from '../src/mask/runs.js';
import { shown } from '../src/shown.js';

const folder = mkdtempSync(join(tmpdir(), 'coco-ts-hostile-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (...names: string[]): string => join(folder, ...names);
const linux = process.platform === 'linux';

async function run(...args: string[]): Promise<{ code: number; lines: string[]; errors: string[] }> {
  const lines: string[] = [];
  const errors: string[] = [];
  const spy = vi.spyOn(console, 'error').mockImplementation((line: string) => void errors.push(line));
  const code = await main(args, (line) => lines.push(line)).finally(() => spy.mockRestore());
  return { code, lines, errors };
}

function saved(name: string, value: unknown): string {
  writeFileSync(at(name), typeof value === 'string' ? value : JSON.stringify(value));
  return at(name);
}

const oneImage = (file_name: string, name = 'cat'): Dataset => ({
  images: [{ id: 1, width: 100, height: 80, file_name }],
  categories: [{ id: 3, name }],
  annotations: [{ id: 1, image_id: 1, category_id: 3, bbox: [10, 10, 20, 20], area: 400, iscrowd: 0 }],
});

describe('reading', () => {
  test.skipIf(!linux)('a pipe, a device, a link to one, a folder are refused by one sentence', async () => {
    mkdirSync(at('reading'));
    spawnSync('mkfifo', [at('reading/pipe.xml')]);
    symlinkSync('/dev/zero', at('reading/zero.json'));
    await expect(COCO.load(at('reading/pipe.xml'))).rejects.toThrow(/pipe\.xml is a pipe: a regular file is needed$/);
    await expect(COCO.load(at('reading/zero.json'))).rejects.toThrow(/zero\.json is a device: a regular file/);
    await expect(COCO.load(folder)).rejects.toThrow(/is a folder: a regular file/);
    expect(() => new COCO(oneImage('a.jpg')).loadRes(at('reading/zero.json'))).toThrow(/is a device/);
    const { code, errors } = await run('convert', '--from', 'voc', '--to', 'coco', at('reading'), at('x.json'));
    expect([code, errors.length]).toEqual([1, 1]);
    expect(errors[0]).toMatch(/pipe\.xml is a pipe/);
  });

  test('gzip is unpacked to a hundred times its length, or 64 MB where that is more', async () => {
    const bomb = gzipSync(Buffer.alloc(2 ** 26 + 1, 32));
    writeFileSync(at('bomb.json'), bomb);
    await expect(COCO.load(at('bomb.json'))).rejects.toThrow(/bomb\.json unpacks to more than 64 MB: .* gzip -d/);
    await expect(COCO.load(bomb)).rejects.toThrow(/unpacks to more than 64 MB/);
    expect(() => new COCO(oneImage('a.jpg')).loadRes(bomb)).toThrow(/unpacks to more than 64 MB/);
    const blanks = gzipSync(`${' '.repeat(2 ** 25)}${JSON.stringify(oneImage('a.jpg'))}`);
    expect((await COCO.load(blanks)).imgs.size).toBe(1);
    await expect(COCO.load(bomb.subarray(0, 1000))).rejects.toThrow(/is broken gzip/);
  });

  test('blanks of any length between keys are passed over', async () => {
    const gap = ' \n'.repeat(2 ** 20);
    const text = `${gap}{${gap}"images"${gap}:${gap}[{"id":1}]${gap},${gap}"annotations":[]${gap}}${gap}`;
    expect((await CocoFile.open(saved('blanks.json', text))).imageIds()).toEqual([1]);
  });

  test('values nested deeper than 2000 are refused wherever they stand', async () => {
    const deep = `${'['.repeat(3000)}${']'.repeat(3000)}`;
    expect(() => parseJson(deep)).toThrow(JsonError);
    expect(parseJson(`["${'['.repeat(5000)}\\"", 1]`)).toHaveLength(2);
    for (const text of [deep, `{"x":${deep}}`, `{"images":[{"id":1,"x":${deep}}]}`]) {
      const { code, errors } = await run('filter', saved('deep.json', text), at('deep-out.json'));
      expect([code, errors.length]).toEqual([1, 1]);
      expect(errors[0]).toContain('nested deeper than 2000');
    }
  });

  test.each([
    [{ images: 5 }, 'images is the number 5: a list of objects is needed'],
    [{ images: [], annotations: [null] }, /unexpected n instead of \{ at position 28/],
    [{ images: [], annotations: [], categories: 'x' }, 'categories is the string x: a list of objects is needed'],
    [{ images: [{ id: { toString: 1 } }] }, 'images[0]: id is an object: a number is needed'],
    [{ images: [], annotations: [{ id: 1, image_id: 1, area: { valueOf: 1 } }] }, 'annotations[0]: area is an object'],
    ['[1, 2', /Expected|Unexpected|unexpected/],
    ['{"images":[\u001b]}', /Unexpected token '?\\u001b/],
  ])('a file of another form is one sentence: %j', async (value, sentence) => {
    const { code, errors } = await run('stats', saved('form.json', value));
    expect([code, errors.length]).toEqual([1, 1]);
    expect(errors[0]).toMatch(sentence instanceof RegExp ? sentence : new RegExp(sentence.replace(/[[\]]/g, '\\$&')));
  });

  test('keys that every object inherits are kept as they are', async () => {
    const text = '{"constructor":1,"__proto__":[2],"images":[],"annotations":[],"categories":[]}';
    await run('filter', saved('keys.json', text), at('keys-out.json'));
    expect(readFileSync(at('keys-out.json'), 'utf8')).toBe(text);
  });

  test('rows that lack everything are read once each', async () => {
    const rows = Array.from({ length: 50_000 }, () => '{}').join(',');
    const text = saved('empty-rows.json', `{"images":[],"categories":[],"annotations":[${rows}]}`);
    expect((await run('stats', text)).errors).toEqual([
      'coco-ts stats: annotations[0] has no id: number the annotations from 1',
    ]);
    expect((await CocoFile.open(text)).columns?.table.count).toBe(50_000);
  });

  test('looks for long ids take time by the length of the text, and ids have 4300 digits at most', () => {
    expect(() => parseJson('"ids":['.repeat(500_000))).toThrow('nested deeper than 2000');
    expect(() => parseJson(`[${'"ids":[1],'.repeat(200_000)}0]`)).toThrow(JsonError);
    expect(parseJson(`{"ids":[${'[1],'.repeat(100_000)}12345678901234567]}`)).toHaveProperty('ids.length', 100_001);
    expect(() => parseJson(`{"ids":${'['.repeat(3000)}12345678901234567`)).toThrow('nested deeper than 2000');
    expect(() => parseJson(`{"id":${'1'.repeat(1_000_000)}}`)).toThrow(
      'an id of 1000000 digits: at most 4300 are read',
    );
    expect(parseJson(`{"id":${'1'.repeat(4300)}}`)).toEqual({ id: BigInt('1'.repeat(4300)) });
  });

  test('what eval says of results, of merged names and of sigmas is one line that a terminal shows', async () => {
    const gt = saved('named-gt.json', oneImage('a\u001b[2J.jpg'));
    const result = { image_id: 'a\u001b[2J', category_id: 3, bbox: [1, 1, 2, 2], score: 1 };
    const evaluated = (dt: unknown) => run('eval', '--gt', gt, '--dt', saved('named-dt.json', dt));
    expect((await evaluated([result])).errors).toEqual([
      'coco-ts eval: Results do not correspond to current coco set: there is no image "a\\u001b[2J"; it is the file name of image 1: results name images by id',
    ]);
    expect((await evaluated([{ ...result, image_id: { toString: 1 } }])).errors[0]).toContain('no image an object;');
    expect((await evaluated([{ ...result, image_id: 1, category_id: '\u202e' }])).errors[0]).toContain('"\\u202e"');
    expect((await evaluated({ '\u001b]0;x\u0007': 1 })).errors[0]).toContain('an object with \\u001b]0;x\\u0007');
    const other = oneImage('a\u001b[2J.jpg');
    const larger = { ...other, images: [{ ...other.images![0]!, width: 200 }] };
    const merged = await run('merge', gt, saved('larger.json', larger), at('merged.json'));
    expect(merged.errors[0]).toMatch(/^coco-ts merge: a\\u001b\[2J\.jpg is 100 x 80 in one file and 200 x 80/);
    const sigmas = saved('sigmas.txt', `0.1,${'x\u001b'.repeat(1000)}`);
    const wrong = await run('eval', '--gt', gt, '--dt', gt, '--type', 'keypoints', '--sigmas', sigmas);
    expect([wrong.code, wrong.errors[0]!.includes('\u001b'), wrong.errors[0]!.length < 2000]).toEqual([2, false, true]);
    const endless = await run('eval', '--gt', gt, '--dt', gt, '--type', 'keypoints', '--sigmas', folder);
    expect(endless.errors[0]).toContain('is a folder: a regular file is needed');
  });
});

describe('masks', () => {
  test('a polygon that crosses its image a hundred million times is refused before it is drawn', () => {
    const zigzag = Array.from({ length: 40_000 }, (_, i) => [i % 2 === 0 ? 0 : 16_384, i % 16_000]).flat();
    expect(() => mask.frPoly([zigzag], 16_384, 16_384)).toThrow(/crosses columns of its image 6\d{8} times/);
    expect(() => mask.frPoly([[0, 0, 2 ** 31, 0, 5, 1]], 1, 2 ** 30)).toThrow(/pixels within|crosses columns/);
    expect(() => mask.frPoly([[0, 0, 2 ** 28, 0, 2 ** 28, 1]], 1, 2 ** 28)).toThrow(/crosses columns/);
  });

  test('run lengths of many polygons have a limit', () => {
    expect(addRuns(3, 4)).toBe(7);
    expect(() => addRuns(2 ** 26, 1)).toThrow(/more than 67108864 run lengths/);
  });

  test('the union of many masks is that of one after another, to the bit', () => {
    const boxes = Array.from({ length: 60 }, (_, i) => [(i * 37) % 90, (i * 53) % 70, 1 + (i % 9), 1 + ((i * 5) % 11)]);
    const rles = mask.frBbox(boxes, 80, 100);
    const one = (intersect: boolean) => rles.reduce((all, next) => mask.merge([all, next], intersect));
    expect(mask.merge(rles)).toEqual(one(false));
    expect(mask.merge(rles, true)).toEqual(one(true));
    expect(mask.area(mask.merge(rles))).toBeGreaterThan(1000);
  });

  test('outlines take as much memory as the runs have bends, not as the mask has pixels', () => {
    const side = 65_535;
    expect(mask.toPolygons({ size: [side, side], counts: [0, side * side] })).toEqual([
      [0, 0, side, 0, side, side, 0, side],
    ]);
    const stripes = mask.toPolygons({ size: [side, side], counts: Array.from({ length: side }, () => side) });
    expect(stripes).toHaveLength(Math.floor(side / 2));
    expect(stripes[1]).toEqual([3, 0, 4, 0, 4, side, 3, side]);
    expect(mask.toPolygons({ size: [0, 5], counts: [] })).toEqual([]);
    expect(() => mask.toPolygons({ size: [2, 2], counts: [1, 9] })).toThrow(/exceed/);
    expect(() => mask.boundary({ size: [side, 32_767], counts: [0, side * 32_767] })).toThrow(/too large to draw/);
  });
});

describe('results', () => {
  const many = new COCO({
    images: [{ id: 1 }],
    categories: Array.from({ length: 30_000 }, (_, id) => ({ id })),
    annotations: [{ id: 1, image_id: 1, category_id: 1, bbox: [0, 0, 9, 9], area: 81, iscrowd: 0 }],
  });
  const found = many.loadRes([{ image_id: 1, category_id: 1, bbox: [0, 0, 9, 9], score: 1 }]);

  test('arrays and matrices of very many categories are refused before they are allocated', () => {
    const evaluation = new COCOeval(many, found, 'bbox');
    evaluation.evaluate();
    evaluation.accumulate(); // only what is looked at is made
    expect(evaluation.summarize()).toHaveLength(12);
    expect(() => evaluation.eval?.precision).toThrow(/10 x 101 x 30000 x 4 x 3 .* needs more than 2 GB/);
    expect(() => confusionMatrix(many, found)).toThrow(/30000 categories is too large/);
  });

  test('texts that numpy would pad to gigabytes are refused', () => {
    const data = ['a'.repeat(100_000), ...Array.from({ length: 1000 }, () => 'b')];
    expect(() => writeNpz({ a: { shape: [1001], data } })).toThrow(/1001 texts of up to 100000 characters/);
  });
});

const NAMES = [
  'a\nb',
  '\u001b[31mred',
  'c\u009b2J\u202e\u2066gnp.exe\u2069\u200f',
  'x\r\u0007\u0000',
  'long '.repeat(2000),
];
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
const OBEYED = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

describe('what is printed', () => {
  test('spells what a terminal would obey, and cuts names at 200 characters', () => {
    expect(shown('\u001b[2J\r\n\u202e\u0085é😀')).toBe('\\u001b[2J\\r\\n\\u202e\\u0085é😀');
    expect(shown('a'.repeat(300))).toBe(`${'a'.repeat(199)}…`);
    expect(shown(`${'a'.repeat(198)}😀b`)).toBe(`${'a'.repeat(198)}\\ud83d…`);
    expect([shown(5), shown(null), shown([1]), shown({ toString: 1 })]).toEqual(['5', 'null', 'a list', 'an object']);
  });

  test('no command passes a name of a file to the terminal as it is', async () => {
    const annotations = NAMES.map((_, i) => ({
      id: i + 1,
      image_id: i + 1,
      category_id: i,
      bbox: [1, 1, 9, 9],
      area: 81,
      iscrowd: 0,
    }));
    const data = {
      images: NAMES.map((file_name, i) => ({ id: i + 1, file_name, width: 50, height: 50 })),
      categories: NAMES.map((name, id) => ({ id, name })),
      annotations,
    };
    const gt = saved('names.json', data);
    const dt = saved(
      'names-dt.json',
      annotations.map(({ image_id, category_id, bbox }) => ({ image_id, category_id, bbox, score: 0.5 })),
    );
    const strings = saved('string-ids.json', { images: NAMES.map((id) => ({ id })), annotations: [], categories: [] });
    const unknown = saved('unknown.json', {
      ...data,
      annotations: NAMES.map((image_id, id) => ({ id, image_id, category_id: image_id, iscrowd: image_id })),
    });
    const wrong = saved('wrong-dt.json', [{ image_id: NAMES[1], category_id: 1, bbox: [1, 1, 9, 9], score: 1 }]);
    const calls = [
      ['stats', gt],
      ['validate', unknown],
      ['diff', gt, strings],
      ['diff', strings, gt],
      ['eval', '--gt', gt, '--dt', dt, '--per-class', '--confusion', '--tide'],
      ['eval', '--gt', gt, '--dt', dt, '--protocol', 'voc10'],
      ['eval', '--gt', gt, '--dt', wrong],
      ['eval', '--gt', gt, '--dt', wrong, '--verbose'],
      ['filter', gt, at('o.json'), '--categories', '\u001b]0;x\u0007'],
      ['merge', unknown, gt, at('o.json')],
      ['stats', at('\u001b[31m none.json')],
      ['stats', '\u001b[31m', '\u001b[32m'],
      ['\u001b[31m'],
    ];
    for (const call of calls) {
      const { lines, errors } = await run(...call);
      expect(lines.length + errors.length).toBeGreaterThan(0);
      for (const line of [...lines, ...errors.flatMap((error) => error.split('\n'))]) {
        expect(line).not.toMatch(OBEYED);
        expect(line).not.toContain('long '.repeat(50));
      }
    }
    const { lines } = await run('stats', gt, '--json');
    expect(lines[0]).not.toMatch(OBEYED);
    expect((JSON.parse(lines[0]!) as { categories: { name: string }[] }).categories.map(({ name }) => name)).toEqual(
      NAMES,
    );
  });
});

const convert = (to: string, from: string, name: string) =>
  run('convert', '--from', 'coco', '--to', to, from, at(name));
const filesIn = (name: string): string[] =>
  readdirSync(at(name), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(at(name).length + 1))
    .sort();

describe('convert', () => {
  const images = (...names: string[]): Dataset => ({
    ...oneImage('x.jpg'),
    images: names.map((file_name, i) => ({ id: i + 1, width: 100, height: 80, file_name })),
    annotations: names.map((_, i) => ({ id: i + 1, image_id: i + 1, category_id: 3, bbox: [i, 10, 20, 20] })),
  });

  test.each(['voc', 'labelme'])('%s keeps images of one name in two folders apart, there and back', async (format) => {
    const there = `apart-${format}`;
    const { lines } = await convert(format, saved('apart.json', images('d/a/x.jpg', 'd/b/x.jpg')), there);
    expect(lines[0]).toMatch(/^2 images, 2 objects/);
    expect(filesIn(there).map((name) => name.replace(/\..*/, ''))).toEqual(['a/x', 'b/x']);
    await run('convert', '--from', format, '--to', 'coco', at(there), at('apart-back.json'));
    const { dataset } = await COCO.load(at('apart-back.json'));
    expect(dataset.images?.map(({ file_name }) => file_name)).toEqual(['d/a/x.jpg', 'd/b/x.jpg']);
    expect(dataset.annotations?.map(({ bbox }) => bbox)).toEqual([
      [0, 10, 20, 20],
      [1, 10, 20, 20],
    ]);
  });

  test('nothing is written outside the folder, whatever images are called', async () => {
    const names = [
      '../../up.jpg',
      '/etc/root.jpg',
      'C:\\dir\\win.jpg',
      '..\\..\\back.jpg',
      'a/../in\n.jpg',
      'a/ .. /b.jpg',
    ];
    expect((await convert('voc', saved('paths.json', images(...names)), 'inside/out')).code).toBe(0);
    expect(filesIn('inside')).toEqual(
      ['a/b.xml', 'a/in_n.xml', 'back.xml', 'dir/win.xml', 'etc/root.xml', 'up.xml'].map((name) => `out/${name}`),
    );
  });

  test('two images that would share a file, and names that are none, are refused before anything is written', async () => {
    const shared = await convert('voc', saved('shared.json', images('a.jpg', 'a.png')), 'shared');
    expect(shared.errors).toEqual([
      'coco-ts convert: a.png and a.jpg would both be written to a.xml: rename one of them',
    ]);
    expect((await convert('yolo', saved('list.json', images('classes.jpg')), 'shared')).errors[0]).toMatch(
      /classes\.jpg and the file classes\.txt would both/,
    );
    expect((await convert('voc', saved('none.json', images('../..')), 'shared')).errors[0]).toMatch(
      /'\.\.\/\.\.' is no name/,
    );
    expect(existsSync(at('shared'))).toBe(false);
  });

  test('class names keep their numbers and their lines', async () => {
    const names = ['a\nb', '', 'c\r\n'];
    const data: Dataset = {
      ...oneImage('x.png'),
      categories: names.map((name, id) => ({ id, name })),
      annotations: names.map((_, i) => ({ id: i + 1, image_id: 1, category_id: i, bbox: [0, 0, 10, 10 + i] })),
    };
    const file = saved('classes.json', data);
    await convert('yolo', file, 'classes');
    expect(readFileSync(at('classes/classes.txt'), 'utf8')).toBe('a\\nb\n\nc\\r\\n\n');
    expect(readFileSync(at('classes/x.txt'), 'utf8').match(/^\d/gm)).toEqual(['0', '1', '2']);
    writeFileSync(
      at('classes/x.png'),
      Buffer.from('89504e470d0a1a0a0000000d4948445200000064000000500802000000', 'hex'),
    );
    await run('convert', '--from', 'yolo', '--to', 'coco', at('classes'), at('classes-back.json'));
    const back = (await COCO.load(at('classes-back.json'))).dataset;
    expect(back.categories?.map(({ name }) => name)).toEqual(['a\\nb', '', 'c\\r\\n']);
    expect(back.annotations?.map(({ category_id }) => category_id)).toEqual([1, 2, 3]);
    await convert('voc', file, 'classes-voc');
    expect(readVoc(readFileSync(at('classes-voc/x.xml'), 'utf8'), 'x.xml').objects.map(({ name }) => name)).toEqual(
      names,
    );
  });

  test('control characters never stand in XML, and unclosed parts are refused', () => {
    const object = { name: '\u001b[1m\t<&>', bbox: [0, 0, 1, 1] };
    const xml = writeVoc({ file: 'a.jpg', width: 5, height: 5, objects: [object] });
    expect(xml).toContain('<name>\\u001b[1m&#9;&lt;&amp;&gt;</name>');
    expect(readVoc(xml, 'a.xml').objects[0]?.name).toBe('\\u001b[1m\t<&>');
    const parts = xml.replace('</object>', `${'<part>'.repeat(100_000)}</object>`);
    expect(() => readVoc(parts, 'a.xml')).toThrow('a.xml: elements nested deeper than 32');
  });

  test('boxes, polygons, sizes and classes of another kind are named', async () => {
    const bad = (change: object) => ({ ...oneImage('a.jpg'), ...change });
    const ann = oneImage('a.jpg').annotations![0]!;
    for (const [data, sentence] of [
      [bad({ images: [{ id: 1, width: '<x>', height: 5 }] }), 'image 1: width and height must be numbers'],
      [bad({ images: [{ id: 1, file_name: 7 }] }), 'image 1: file_name is 7, a text is needed'],
      [bad({ annotations: [{ ...ann, bbox: [1, 2, '</a>', 4] }] }), 'annotation 1: bbox must be numbers'],
      [bad({ annotations: [{ ...ann, segmentation: ['x'] }] }), 'annotation 1: polygons must be numbers'],
      [bad({ annotations: [{ ...ann, category_id: 9 }] }), 'a.jpg: the class 9 is not among the names'],
    ] as const)
      expect((await convert('yolo', saved('kinds.json', data), 'kinds')).errors).toEqual([
        `coco-ts convert: ${sentence}`,
      ]);
  });

  test.skipIf(!linux)('links in the folder are replaced, and not gone through', async () => {
    mkdirSync(at('links/out'), { recursive: true });
    mkdirSync(at('links/elsewhere'));
    writeFileSync(at('links/victim'), 'mine');
    symlinkSync(at('links/victim'), at('links/out/x.xml'));
    expect((await convert('voc', saved('link.json', oneImage('x.jpg')), 'links/out')).code).toBe(0);
    expect(readFileSync(at('links/victim'), 'utf8')).toBe('mine');
    expect(lstatSync(at('links/out/x.xml')).isFile()).toBe(true);
    symlinkSync(at('links/elsewhere'), at('links/out/a'));
    const { errors } = await convert('voc', saved('link.json', images('a/b/x.jpg', 'y.jpg')), 'links/out');
    expect(errors[0]).toMatch(/out\/a is a link: nothing is written through it/);
    expect(readdirSync(at('links/elsewhere'))).toEqual([]);
  });
});

describe('writing', () => {
  test('is of a whole file or of none, under a name that nobody can guess', async () => {
    mkdirSync(at('whole'));
    writeFileSync(at('whole/keep.json'), 'old');
    const beside: string[] = [];
    function* pieces(last: () => string): Generator<string> {
      yield '[1';
      beside.push(...readdirSync(at('whole')).filter((name) => name !== 'keep.json'));
      yield last();
    }
    const fail = (): string => {
      throw new Error('no more');
    };
    for (const gzip of [false, true])
      await expect(writeWhole(at('whole/keep.json'), pieces(fail), { gzip })).rejects.toThrow('no more');
    expect([readFileSync(at('whole/keep.json'), 'utf8'), readdirSync(at('whole'))]).toEqual(['old', ['keep.json']]);
    await writeWhole(
      at('whole/keep.json'),
      pieces(() => ']'),
    );
    expect([readFileSync(at('whole/keep.json'), 'utf8'), readdirSync(at('whole'))]).toEqual(['[1]', ['keep.json']]);
    expect(beside.every((name) => /^\.coco-ts-[0-9a-f]{8}-\d+-[0-9a-f]{24}\.part$/.test(name))).toBe(true);
    expect(new Set(beside).size).toBe(3);
  });

  test('removes what a killed process of this machine has begun, and nothing else', async () => {
    const names: string[] = [];
    function* once(): Generator<string> {
      names.push(...readdirSync(at('first')));
      yield '1';
    }
    for (const folder of ['first', 'left']) mkdirSync(at(folder));
    await writeWhole(at('first/a.json'), once());
    const [ours = ''] = names;
    const { pid } = spawnSync(process.execPath, ['-e', '']); // it has ended
    const dead = ours.replace(`-${process.pid}-`, `-${pid}-`);
    const kept = [ours, dead.replace(/-[0-9a-f]{8}-/, '-00000000-'), `${dead}.mine`];
    for (const name of [dead, ...kept]) writeFileSync(at('left', name), '');
    await writeWhole(at('left/b.json'), ['1']);
    expect(readdirSync(at('left')).sort()).toEqual([...kept, 'b.json'].sort());
  });

  test('a place that cannot be written is one sentence', async () => {
    const gt = saved('w.json', oneImage('a.jpg'));
    const of = async (...args: string[]) => (await run(...args)).errors.join('\n');
    expect(await of('filter', gt, at('nowhere/o.json'))).toMatch(/o\.json was not written: there is no such folder/);
    expect(await of('filter', gt, folder)).toMatch(/was not written: it is a folder/);
    expect(await of('filter', gt, join(gt, 'o.json'))).toMatch(/was not written: a part of its path is no folder/);
    const dt = saved('w-dt.json', [{ image_id: 1, category_id: 3, bbox: [10, 10, 20, 20], score: 1 }]);
    expect(await of('convert', '--from', 'coco', '--to', 'voc', gt, gt)).toMatch(/was not written: it is no folder/);
    expect(await of('split', gt, at('p.json'), at('p.json'))).toMatch(/two parts would be written to/);
    expect(await of('eval', '--gt', gt, '--dt', dt, '--out', at('nowhere/e.npz'))).toMatch(/e\.npz was not written/);
    expect(await of('eval', '--gt', gt, '--dt', dt, '--curves', at('nowhere/c.csv'))).toMatch(/c\.csv was not written/);
  });

  test.skipIf(!linux)(
    'a full device is said, a pipe without a reader, too, and a link to a file stays a link',
    async () => {
      const gt = saved('w.json', oneImage('a.jpg'));
      spawnSync('mkfifo', [at('unread.json')]);
      expect((await run('filter', gt, at('unread.json'))).errors[0]).toMatch(/was not written: nobody reads the pipe$/);
      const reader = spawn('cat', [at('unread.json')]);
      const read = new Promise((resolve) =>
        reader.stdout.once('data', (bytes: Buffer) => resolve(String(bytes).slice(0, 2))),
      );
      while ((await run('filter', gt, at('unread.json'))).errors.length > 0)
        await new Promise((next) => setTimeout(next, 20));
      expect(await read).toMatch(/^[{]/);
      expect((await run('filter', gt, '/dev/full')).errors[0]).toMatch(
        /^coco-ts filter: \/dev\/full was not written: the disk is full/,
      );
      writeFileSync(at('target.json'), 'old');
      symlinkSync(at('target.json'), at('link.json.gz'));
      expect((await run('filter', gt, at('link.json.gz'))).code).toBe(0);
      expect(lstatSync(at('link.json.gz')).isSymbolicLink()).toBe(true);
      expect((await COCO.load(at('target.json'))).imgs.size).toBe(1);
    },
  );

  test.skipIf(!linux)('an existing file outlives a write that is cut', () => {
    mkdirSync(at('cut'));
    const names = Array.from({ length: 5000 }, (_, id) => ({ id, file_name: `image-${id}.jpg` }));
    const big = saved('cut-big.json', { images: names, annotations: [], categories: [] });
    writeFileSync(at('cut/keep.json'), 'old');
    const program = fileURLToPath(new URL('../bin/coco-ts.js', import.meta.url));
    const command = `ulimit -f 8; "${process.execPath}" "${program}" filter "${big}" "${at('cut/keep.json')}"`;
    const { status, stderr } = spawnSync('bash', ['-c', command], { encoding: 'utf8' });
    expect(stderr).toMatch(
      /^coco-ts filter: [^\n]*keep\.json was not written: the file is larger than the system allows[^\n]*\n$/,
    );
    expect([status, readdirSync(at('cut')), readFileSync(at('cut/keep.json'), 'utf8')]).toEqual([
      1,
      ['keep.json'],
      'old',
    ]);
  });
});
