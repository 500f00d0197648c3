import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { crc32c } from '../../../training/run/crc32c.js';
import { openScalarLog } from '../../../training/run/tensorboard.js';

test('the checksum is that of the standard', () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa); // RFC 3720, appendix B.4
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
});

test('records are framed, and the table beside them has the same figures', () => {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-scalars-'));
  try {
    const log = openScalarLog(folder, { task: '=1+1' });
    const ms = { data: 1, compute: 2, host: 3 };
    log.write({
      event: 'step',
      step: 7,
      epoch: 1,
      losses: { total: 0.5, '=a"b': 1 },
      gradientNorm: 2,
      learningRate: 0.25,
      ms,
    });
    log.write({
      event: 'evaluation',
      step: 7,
      epoch: 1,
      weights: 'ema',
      report: { AP: 0.75, perClass: [], APl: null },
      seconds: 1,
    });
    log.image('batch', 7, { jpeg: Uint8Array.of(0xff, 0xd8), width: 4, height: 2 });
    log.close();
    const rows = readFileSync(join(folder, 'scalars.csv'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(',').slice(1).join(','));
    expect(rows).toEqual([
      'step,tag,value',
      '7,"loss/total",0.5',
      '7,"loss/=a""b",1',
      '7,"train/gradient norm",2',
      '7,"train/learning rate",0.25',
      ...['7,"milliseconds/data",1', '7,"milliseconds/compute",2', '7,"milliseconds/host",3'],
      '7,"evaluation/AP",0.75',
    ]);
    const [name = ''] = readdirSync(folder).filter((file) => file.startsWith('events.out.tfevents.'));
    const bytes = readFileSync(join(folder, name));
    const lengths: number[] = [];
    for (let at = 0; at < bytes.length; at += 16 + lengths.at(-1)!) lengths.push(Number(bytes.readBigUInt64LE(at)));
    expect(lengths).toHaveLength(5); // version, config, step, evaluation, image
    expect(bytes.includes(Buffer.from('brain.Event:2'))).toBe(true);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
