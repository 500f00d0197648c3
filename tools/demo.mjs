/**
 * `npm run demo [-- --engine wasm]`: the whole way in a few minutes. Fetches the native library and the pretrained
 * weights where it can, draws a data set, trains a detector on it, measures it and draws what it finds.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../dist/tools/espalier.js';
import { provideRuntime } from './native.mjs';

const args = process.argv.slice(2);
const named = args.indexOf('--engine');
const engine = named < 0 ? undefined : args[named + 1];
const OUT = 'runs/demo';
const CONFIG = 'configs/cells-demo.yaml';
/** What WASM can do in about ten minutes on two cores. */
const SMALLER = ['train.epochs=10', 'train.batchSize=4', 'model.inputSize=[192, 256]'];

/** Runs a command of the command line, showing it; ends the demo with its exit status when it fails. */
async function espalier(...command) {
  console.log(`\n> espalier ${command.join(' ')}`);
  const status = await run(command);
  if (status !== 0) process.exit(status);
}

const missing = engine === 'wasm' ? 'asked for wasm' : await provideRuntime();
if (missing) console.log(`Training on WebAssembly: ${missing}.`);
const onWasm = Boolean(missing);
const engineArgs = engine === undefined ? [] : ['--engine', engine];

const started = performance.now();
const random = [];
console.log('\n> espalier weights pull efficientnet-lite0');
if ((await run(['weights', 'pull', 'efficientnet-lite0'])) !== 0) {
  console.log('Without pretrained weights the detector starts from random ones, and finds less in the same time.');
  random.push('--set', 'model.weights=null');
}
await espalier('sample', 'cells', '--out', 'sample', '--images', '120', '--seed', '1');
const settings = onWasm ? SMALLER.flatMap((value) => ['--set', value]) : [];
if (onWasm) console.log(`On WebAssembly the demo trains less: ${SMALLER.join(', ')}`);
if (existsSync(OUT)) rmSync(OUT, { recursive: true });
await espalier('train', CONFIG, '--out', OUT, ...settings, ...random, ...engineArgs);
await espalier('evaluate', OUT, ...engineArgs);

const pictures = readdirSync('sample/images').sort().slice(-4);
const drawings = join(OUT, 'predictions');
const files = pictures.map((name) => join('sample/images', name));
await espalier('predict', OUT, ...files, '--out', drawings, ...engineArgs);
const minutes = ((performance.now() - started) / 60_000).toFixed(1);
console.log(`\nDone in ${minutes} minutes. The run: ${OUT}; what it finds in new images: ${drawings}`);
console.log(
  `Its answers on one sheet: ${join(OUT, 'plots', 'answers.png')}; to look into it: espalier dashboard ${OUT}, espalier report ${OUT}`,
);
