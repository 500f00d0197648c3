import fs, { existsSync, writeSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { ready } from '../../../engine/engine.js';
import { runFolder } from '../../../training/run/folder.js';
import { trainRun } from '../../../training/run/train.js';
import { createTinyLoader, createTinyModel, TINY_OPTIONS, tinyRun } from './tinyRun.js';

/**
 * A process that trains: OUT RESUME(0|1) KILL_AFTER KILL_WRITE. It kills itself with SIGKILL, as `kill -9` does, when that
 * many batches were given, or in the middle of that write of a whole file; 0: never.
 */
const [, , out = '', resume, killAfter, killWrite] = process.argv;
const { fsyncSync } = fs;
let written = 0;
fs.fsyncSync = (file) => {
  // Each write flushes the file, then its folder.
  if (++written === 2 * Number(killWrite) - 1) process.kill(process.pid, 'SIGKILL');
  fsyncSync(file);
};
syncBuiltinESMExports();
await ready({ engine: 'cpu' });
const loader = createTinyLoader();
let given = 0;
const deadly = {
  ...loader,
  batches: async function* (epoch: number, fromStep: number) {
    for await (const batch of loader.batches(epoch, fromStep)) {
      if (++given === Number(killAfter)) process.kill(process.pid, 'SIGKILL');
      yield batch;
    }
  },
};
// Other weights where there is a checkpoint: every value has to come from it.
const model = createTinyModel({ seed: existsSync(runFolder(out).last) ? 77 : 1, dropRate: 0.3 });
const result = await trainRun(
  tinyRun(out, model, { loader: deadly, resume: resume === '1', options: { ...TINY_OPTIONS, checkpointEvery: 3 } }),
);
writeSync(1, `${result.reason} ${result.step}\n`);
