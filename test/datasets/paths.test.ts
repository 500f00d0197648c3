import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compileGlob, findFiles } from '../../datasets/glob.js';
import { classIndices, classMapLabels, labelMap, nearestName, requireClass } from '../../datasets/labels.js';
import { naturalOrder, openRoot, resolveInside } from '../../datasets/paths.js';
import { parseRanges, pickSplit } from '../../datasets/split.js';
import { collectWarnings } from '../../datasets/warnings.js';
import { failure, folderWith } from './folder.js';

describe('compileGlob', () => {
  it.each([
    ['images/*.png', 'images/a.png', ['a']],
    ['images/*.png', 'images/sub/a.png', null],
    ['images/*.png', 'images/a.pngx', null],
    ['**/*.png', 'a.png', ['', 'a']],
    ['**/*.png', 'x/y/a.png', ['x/y/', 'a']],
    ['sub-rat6/**', 'sub-rat6/micr/x.png', ['micr/x.png']],
    ['a?.{png,jpg}', 'ab.jpg', ['b']],
    ['a?.{png,jpg}', 'ab.gif', null],
    ['a.b', 'axb', null],
    ['(a)+[b]$', '(a)+[b]$', []],
    ['*_SEM_seg-*.png', 's1_SEM_seg-axon.png', ['s1', 'axon']],
    ['a*b*', 'abab', ['', 'ab']],
    ['*?/**//.x', 'ab/c/.x', ['a', 'b', 'c/']],
    ['**/a/**/b', 'x/a/a/y/b', ['x/a/', 'y/']],
    ['{a,ab}*c', 'abbc', ['bb']],
    ['{,b}a', 'ba', []],
    ['a/**', 'a/', ['']],
  ] as const)('%s on %s', (pattern, path, captures) => {
    expect(compileGlob(pattern).match(path)).toEqual(captures);
  });

  it('takes steps times letters at most, however many wildcards there are', () => {
    expect(compileGlob(`${'*a'.repeat(300)}b`).match('a'.repeat(255))).toBeNull();
    expect(compileGlob(`${'{a,aa}'.repeat(100)}b`).match('a'.repeat(150))).toBeNull();
    expect(compileGlob(`${'**/*a/'.repeat(40)}x`).match('aaaa/'.repeat(200))).toBeNull();
    expect(compileGlob(`${'?*'.repeat(100)}`).match('a'.repeat(200))).toHaveLength(200);
  });

  it.each(['/a/*.png', '../*.png', 'a/../../b', '', 'a{b'])('refuses %j', (pattern) => {
    expect(() => compileGlob(pattern)).toThrow(/pattern/);
  });
});

describe('findFiles', () => {
  it('finds in natural order, leaves hidden folders and links to folders out', async () => {
    const path = folderWith({ 'a/10.png': 'x', 'a/9.png': 'x', 'a/b/1.png': 'x', '.git/0.png': 'x', 'c.txt': 'x' });
    mkdirSync(join(path, 'real'));
    symlinkSync('/etc', join(path, 'a/etc'));
    const root = await openRoot(path);
    expect((await findFiles(root, 'a/*.png')).map(({ id }) => id)).toEqual(['a/9.png', 'a/10.png']);
    expect((await findFiles(root, '**/*.png')).map(({ id }) => id)).toEqual(['a/9.png', 'a/10.png', 'a/b/1.png']);
    expect(await findFiles(root, 'a/etc/**')).toEqual([]);
  });
});

describe('resolveInside', () => {
  it('allows links that stay and refuses paths and links that leave', async () => {
    const path = folderWith({ 'images/a.png': 'x', 'b.png': 'x' });
    symlinkSync(join(path, 'b.png'), join(path, 'images/l.png'));
    symlinkSync('/etc', join(path, 'images/out'));
    const root = await openRoot(path);
    const inside = (name: string) => resolveInside(root, 'images', name, 'list.json');
    expect(await inside('a.png')).toBe(join(path, 'images/a.png'));
    expect(await inside('l.png')).toBe(join(path, 'images/l.png'));
    expect(await inside('..a.png').catch((error: Error) => error.message)).toMatch(/no such file, named by list.json/);
    for (const name of ['../b.png', '/etc/passwd', 'x/../../b.png', '', 'out/passwd', 'a\0.png']) {
      expect(await failure(inside(name))).toMatch(/leaves the data folder/);
    }
  });
});

describe('naturalOrder', () => {
  it('counts as people do', () => {
    const sorted = ['b', 'a10', 'a2', 'a02', 'a', '10', '9'].sort(naturalOrder);
    expect(sorted).toEqual(['9', '10', 'a', 'a02', 'a2', 'a10', 'b']);
  });
});

describe('parseRanges', () => {
  it('includes both ends and drops repetitions', () => {
    expect(parseRanges('0-2, 5,1', 6)).toEqual([0, 1, 2, 5]);
    expect(parseRanges(`3,${'0-99999,'.repeat(200)}2`, 100_000)).toHaveLength(100_000);
  });
  it('finds the images of many names, by key or by path', async () => {
    const images = Array.from({ length: 5000 }, (_, i) => ({ id: `images/${i}.png`, key: `${i}` }));
    const root = await openRoot(folderWith({ 'x.txt': 'x' }));
    const names = images.map(({ id, key }, i) => (i % 2 === 0 ? id : key));
    expect(await pickSplit(root, names.slice(1), images)).toEqual(images.slice(1));
  });
  it.each(['3-1', '6', 'a', '1-', '0-1000000000000'])('refuses %s', (text) => {
    expect(() => parseRanges(text, 6)).toThrow(/position|backwards/);
  });
});

describe('labels', () => {
  it('finds the nearest name, capitals counting half, and none that is too far', () => {
    const names = ['RBC', 'WBC', 'Platelets'];
    expect([nearestName('platelets', names), nearestName('Platelet', names), nearestName('rbc', names)]).toEqual([
      'Platelets',
      'Platelets',
      null,
    ]);
    expect(nearestName('zebra', names)).toBeNull();
  });
  it('answers for twenty thousand names', () => {
    const names = Array.from({ length: 20_000 }, (_, i) => `class ${i}`);
    expect(nearestName('class 17777x', names)).toBe('class 17777');
    expect(nearestName('x', names)).toBeNull();
  });
  it('refuses unknown, repeated, missing and too many names', () => {
    const indices = classIndices(labelMap(['a', 'b']));
    expect(requireClass(indices, 'b', 'f')).toBe(1);
    expect(() => requireClass(indices, 'zzzzzz', 'f')).toThrow("f: unknown class 'zzzzzz': known are a, b");
    expect(() => labelMap(['a', 'a'])).toThrow(/listed twice/);
    expect(() => labelMap([])).toThrow(/empty/);
    const names = Array.from({ length: 300 }, (_, i) => `${i}`);
    expect(labelMap(names).classes).toHaveLength(300);
    expect(() => classMapLabels(names)).toThrow(/300 classes are more than the 255 a class map can hold/);
  });
});

describe('collectWarnings', () => {
  it('counts findings and names the first five files', () => {
    const warnings = collectWarnings();
    for (const file of ['a', 'b', 'c', 'd', 'e', 'f', 'f']) warnings.note('degenerate-box', file);
    warnings.note('ignored-values', 'm.png', 9);
    const [boxes, values] = warnings.list();
    expect(boxes).toMatchObject({ code: 'degenerate-box', count: 7, files: ['a', 'b', 'c', 'd', 'e', 'f'] });
    expect(boxes?.message).toMatch(/^7 boxes .* dropped .*: a, b, c, d, e and 1 more$/);
    expect(values?.message).toBe('9 pixels with values outside the table, ignored in training and evaluation: m.png');
  });
});
