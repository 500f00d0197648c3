import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, it } from 'vitest';
import { drawCells } from '../../datasets/index.js';
import { expectRefusal, runProgram } from './program.js';
import { DIVERGING, expectCheckpoints } from './signalled.js';

const folder = mkdtempSync(join(tmpdir(), 'espalier-ends-native-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('a signal stops a training with a checkpoint on TensorFlow, and a failed step is one sentence', {
  timeout: 400_000,
}, async () => {
  const { root } = await drawCells({ out: join(folder, 'cells'), images: 5, seed: 3 });
  const config = join(folder, 'cells.yaml');
  const text = `task: detection
data: { kind: coco, root: ${root}, images: images, train: annotations/train.json, val: annotations/val.json }
model: { preset: efficientdet-lite0, inputSize: [64, 64], neckChannels: 16, neckRepeats: 1 }
train: { epochs: 10000, batchSize: 2, workers: 2, evaluateEvery: 10000 }
engine: tensorflow
`;
  writeFileSync(config, text);
  await expectCheckpoints([config], folder, ['SIGHUP']);
  expectRefusal(
    runProgram(folder, ['train', config, '--out', 'wild', ...DIVERGING]),
    1,
    /step \d+: .* is (NaN|-?Infinity)/,
  );
});
