import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { runModule } from '../../process.js';

/** Stage -> what a run that is broken there rejects with; in the order of the stages. */
const EXPECTED: readonly (readonly [stage: string, message: RegExp])[] = [
  ['data', /^DataError$/],
  ['start', /^Error: the encoder does not start$/],
  ['decode', /^DataError: \/damaged\.png: /],
  ['encode', /^Error: the encoder meets 9$/],
  ['thread', /^EspalierError: a data-loading thread stopped at .*9\.png \(exit code 3\)/],
  ['event log', /^EspalierError: .*events\.jsonl: it is a folder, a file is expected: move it away/],
  ['first step', /^Error: loss of the caller$/],
  ['later step', /^DivergedError: step 3: loss term 'bad' is Infinity; images of this batch: 8\.png, 9\.png/],
  ['evaluation', /^Error: evaluation of the caller$/],
  ['checkpoint', /^WriteError: cannot write .*last\.safetensors: a folder is in the way/],
  ['step callback', /^Error: step of the caller$/],
  ['note callback', /^Error: note of the caller$/],
  ['end callback', /^Error: end of the caller$/],
  ['step and end', /^Error: step of the caller$/],
  ['report', /^WriteError: cannot write .*results\.json: a folder is in the way/],
  ['SIGINT', /^interrupted [1-3]$/],
  ['SIGTERM', /^interrupted [1-3]$/],
  ['SIGHUP', /^interrupted [1-3]$/],
  ['nothing', /^done 4$/],
];

test('an error at any stage, with 0, 1 and 2 threads, rejects, a signal stops, and both leave no tensor and no hang, and the process trains on', async () => {
  const file = fileURLToPath(new URL('./brokenRuns.ts', import.meta.url));
  const { status, out, err } = await runModule(file, [tf.getBackend()]);
  const lines = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as [number, string, string, number?]);
  const wanted = [0, 1, 2].flatMap((workers) =>
    EXPECTED.filter(([stage]) => workers > 0 || stage !== 'thread').map(([stage]) => [workers, stage]),
  );
  expect(
    lines.map(([workers, stage]) => [workers, stage]),
    err,
  ).toEqual(wanted);
  for (const [workers, stage, outcome, left = 0] of lines) {
    const at = `${stage} with ${workers} threads`;
    expect(outcome, at).toMatch(new Map(EXPECTED).get(stage) as RegExp);
    expect(left, at).toBe(0);
  }
  expect({ status, err }).toEqual({ status: 0, err: '' });
});
