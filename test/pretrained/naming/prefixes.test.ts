import { describe, expect, it } from 'vitest';
import { commonPrefixes, givenPrefix, unwrapped } from '../../../pretrained/naming/prefixes.js';

const under = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}layer${i}.weight`);

describe('what stands before the names of a network', () => {
  it('is a beginning that enough names share, or nothing', () => {
    const names = [...under('model.backbone.', 10), ...under('head.', 2), 'scale'];
    expect(commonPrefixes(names, 10)).toEqual(['', 'model.', 'model.backbone.']);
    expect(commonPrefixes([], 10)).toEqual(['']);
    expect(commonPrefixes(under('', 3), 10)).toEqual(['']);
  });

  it('is looked for a limited number of times, whatever the file', () => {
    const names = Array.from({ length: 200 }, (_, i) => under(`a${i}.`, 10)).flat();
    expect(commonPrefixes([...names, ...under('net.', 12)], 12)).toHaveLength(65);
    expect(commonPrefixes([...names, ...under('net.', 12)], 12)).toContain('net.');
    expect(commonPrefixes([`${'a.'.repeat(10_000)}weight`], 1)).toHaveLength(9);
  });

  it('is not a wrapper of training, which may stand anywhere', () => {
    expect(unwrapped('model._orig_mod.backbone.module.conv.weight', () => false)).toBe('model.backbone.conv.weight');
    expect(unwrapped('module.conv.weight', (part) => part === 'module')).toBe('module.conv.weight');
  });

  it('may be given, with or without its dot', () => {
    expect([givenPrefix('net', ['net.a']), givenPrefix('net.', ['net.a']), givenPrefix('', ['a'])]).toEqual([
      'net.',
      'net.',
      '',
    ]);
    expect(() => givenPrefix('net', ['network.a'])).toThrow(
      "no name of the file starts with 'net.': they are network.a",
    );
  });
});
