import { describe, expect, it } from 'vitest';
import { bifpnGraph, channelMapperGraph, describeNode, fpnGraph, nasFpnGraph, panGraph } from '../../necks/graph.js';

describe('BiFPN graph', () => {
  it('of P3 to P7 has eight nodes, down then up', () => {
    expect(bifpnGraph(['P3', 'P4', 'P5', 'P6', 'P7']).map(describeNode)).toEqual([
      'P6.td <- P6.in + P7.in',
      'P5.td <- P5.in + P6.td',
      'P4.td <- P4.in + P5.td',
      'P3.out <- P3.in + P4.td',
      'P4.out <- P4.in + P4.td + P3.out',
      'P5.out <- P5.in + P5.td + P4.out',
      'P6.out <- P6.in + P6.td + P5.out',
      'P7.out <- P7.in + P6.out',
    ]);
  });

  it('of two levels has two', () => {
    expect(bifpnGraph(['P4', 'P5']).map(describeNode)).toEqual(['P4.out <- P4.in + P5.in', 'P5.out <- P5.in + P4.out']);
  });

  it.each([[['P3']], [['P3', 'P5']], [['P3', 'P3', 'P4']], [[]]] as const)('of %j is refused', (levels) => {
    expect(() => bifpnGraph(levels)).toThrow(`a BiFPN cannot join the levels [${levels.join(', ')}]`);
  });
});

describe('FPN graph', () => {
  it('of P3 to P7 on P3 to P5 goes down, smooths, and makes the deeper levels from the deepest output', () => {
    expect(fpnGraph(['P3', 'P4', 'P5', 'P6', 'P7'], ['P3', 'P4', 'P5']).map(describeNode)).toEqual([
      'P5.td <- P5.in',
      'P4.td <- P4.in + P5.td',
      'P3.td <- P3.in + P4.td',
      'P3.out <- P3.td',
      'P4.out <- P4.td',
      'P5.out <- P5.td',
      'P6.out <- P5.out',
      'P7.out <- P6.out',
    ]);
  });

  it('of one level has a lateral and its smoothing', () => {
    expect(fpnGraph(['P4'], ['P4']).map(describeNode)).toEqual(['P4.td <- P4.in', 'P4.out <- P4.td']);
  });

  it.each([[['P3', 'P5']], [['P3', 'P3']], [[]]] as const)('of %j is refused', (levels) => {
    expect(() => fpnGraph(levels, levels)).toThrow(`an FPN cannot join the levels [${levels.join(', ')}]`);
  });
});

describe('PAN graph', () => {
  it('of P3 to P6 on P3 to P5 goes down, then up again', () => {
    expect(panGraph(['P3', 'P4', 'P5', 'P6'], ['P3', 'P4', 'P5']).map(describeNode)).toEqual([
      'P5.td <- P5.in',
      'P4.td <- P4.in + P5.td',
      'P3.td <- P3.in + P4.td',
      'P3.out <- P3.td',
      'P4.mid <- P4.td',
      'P5.mid <- P5.td',
      'P4.bu <- P4.mid + P3.out',
      'P4.out <- P4.bu',
      'P5.bu <- P5.mid + P4.bu',
      'P5.out <- P5.bu',
      'P6.out <- P5.out',
    ]);
  });
});

describe('NAS-FPN graph', () => {
  it('of P3 to P7 is the cell that was found', () => {
    expect(nasFpnGraph(['P3', 'P4', 'P5', 'P6', 'P7']).map(describeNode)).toEqual([
      'P4.td <- P6.in attends to P4.in',
      'P4.mid <- P4.in + P4.td',
      'P3.out <- P3.in + P4.mid',
      'P4.out <- P4.mid + P3.out',
      'P5.out <- P4.out attends to P3.out + P5.in',
      'P7.out <- P5.out attends to P4.mid + P7.in',
      'P6.out <- P7.out attends to P5.out',
    ]);
  });

  it('of other than five levels is refused', () => {
    expect(() => nasFpnGraph(['P1', 'P2', 'P3', 'P4', 'P5', 'P6'])).toThrow('give it five without a gap');
  });
});

describe('channel mapper graph', () => {
  it('keeps each level, and makes deeper ones from the deepest input', () => {
    expect(channelMapperGraph(['P4', 'P5', 'P6', 'P7'], ['P4', 'P5']).map(describeNode)).toEqual([
      'P4.out <- P4.in',
      'P5.out <- P5.in',
      'P6.out <- P5.in',
      'P7.out <- P6.out',
    ]);
  });
});
