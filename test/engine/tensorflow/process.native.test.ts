import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { findLibrary } from '../../../engine/tensorflow/runtime/library.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const url = (path: string): string => JSON.stringify(pathToFileURL(join(root, path)).href);
const folder = mkdtempSync(join(tmpdir(), 'espalier-process-'));

const HEAD = `
import * as tf from ${url('node_modules/@tensorflow/tfjs/dist/tf.node.js')};
import { Worker } from 'node:worker_threads';
import { compile } from ${url('dist/engine/compile.js')};
import { ready } from ${url('dist/engine/engine.js')};
import ${url('dist/engine/tensorflow/tensorflow.js')};
`;
const OPEN = `await ready({ engine: 'tensorflow' });
const w = tf.variable(tf.ones([600, 600]));
const step = compile((x) => { w.assign(tf.matMul(x, tf.mul(w, 0.5))); return tf.mean(w); });
const x = tf.ones([600, 600]);
step(x).dataSync();
`;

/** Runs a module of its own; a signal (a crash) shows as the status null. */
function run(name: string, body: string): { status: number | null; signal: string | null; out: string; err: string } {
  const file = join(folder, `${name}.mjs`);
  writeFileSync(file, HEAD + body);
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8', timeout: 60_000 });
  return { status, signal, out: stdout, err: stderr };
}

describe.skipIf(findLibrary() === null)('a process with the tensorflow engine', () => {
  it.each([
    ['at its end', '', 0],
    ['at process.exit', 'process.exit(3);', 3],
    ['at process.exit while a step is under way', 'step.async(x); setTimeout(() => process.exit(4), 5);', 4],
    ['when it ends while a step is under way', 'step.async(x);', 0],
    ['on an uncaught exception', "throw new Error('on purpose');", 1],
    [
      'on an unhandled rejection while a step is under way',
      "step.async(x); Promise.reject(new Error('on purpose'));",
      1,
    ],
    ['on an exception while tracing', "compile(() => { throw new Error('on purpose'); })();", 1],
  ])('does not crash %s', (name, body, expected) => {
    const { status, signal, err } = run(name.replace(/\W/g, '_'), OPEN + body);
    expect({ status, signal }, err).toEqual({ status: expected, signal: null });
    if (expected === 1) expect(err).toContain('on purpose');
  });

  it('gives a worker thread a clear error, while the main thread computes', () => {
    const worker = `
      const { parentPort } = await import('node:worker_threads');
      try { await ready({ engine: 'tensorflow' }); parentPort.postMessage('opened'); }
      catch (error) { parentPort.postMessage(error.name + ': ' + error.message); }
      const { engine } = await ready();
      parentPort.postMessage('fell back to ' + engine + ', 1 + 1 = ' + tf.add(1, 1).dataSync()[0]);`;
    writeFileSync(join(folder, 'thread.mjs'), HEAD + worker);
    const main = `
      const worker = new Worker(new URL('thread.mjs', import.meta.url));
      worker.on('message', (text) => console.log(text));
      for (let i = 0; i < 3; i++) (await step.async(x)).dispose();
      await new Promise((resolve) => worker.on('exit', resolve));
      console.log('main goes on', Number.isFinite(step(x).dataSync()[0]));`;
    const { status, out, err } = run('worker', OPEN + main);
    expect(status, err).toBe(0);
    expect(out).toMatch(/EngineError: .*main thread of a process only, and this is a worker: .*wasm engine/);
    expect(out).toContain('fell back to wasm, 1 + 1 = 2');
    expect(out).toContain('main goes on true');
  });

  it('does not crash when a worker is terminated while the main thread computes', () => {
    writeFileSync(join(folder, 'idle.mjs'), `${HEAD}await ready(); setInterval(() => tf.add(1, 1).dataSync(), 1);`);
    const main = `
      const worker = new Worker(new URL('idle.mjs', import.meta.url));
      await new Promise((resolve) => worker.on('online', resolve));
      const running = step.async(x);
      await worker.terminate();
      console.log('done', Number.isFinite((await running).dataSync()[0]));`;
    const { status, out, err } = run('terminated', OPEN + main);
    expect(status, err).toBe(0);
    expect(out).toContain('done true');
  });

  it('opens TensorFlow with the threads that the first call names, and refuses others by both numbers', () => {
    const { out } = run(
      'threads',
      `const info = await ready({ engine: 'tensorflow', threads: 3, interOpThreads: 1 });
      console.log(info.threads, info.interOpThreads, info.description);
      console.log(compile((x) => tf.neg(x), { threads: 3 })(tf.scalar(1)).dataSync()[0]);
      try { compile((x) => x, { threads: 2 }); } catch (error) { console.log(error.message); }
      try { await ready({ engine: 'tensorflow', threads: 4 }); } catch (error) { console.log(error.message); }`,
    );
    expect(out).toMatch(/^3 1 tensorflow .*3 threads/);
    expect(out).toContain('-1');
    expect(out).toContain('options.threads is 2, but TensorFlow was opened with 3');
    expect(out).toContain('threads is 4, but TensorFlow is open with 3');
  });

  it('says why a library cannot be used, and goes on with wasm unless it was asked for by name', () => {
    const name = process.platform === 'darwin' ? 'libtensorflow.2.dylib' : 'libtensorflow.so.2';
    writeFileSync(join(folder, name), 'not a library');
    const { out, err } = run(
      'broken',
      `process.env.ESPALIER_TENSORFLOW = ${JSON.stringify(folder)};
      const { engine, description } = await ready();
      console.log(engine, description);
      try { await ready({ engine: 'tensorflow' }); } catch (error) { console.log(error.message); }`,
    );
    expect(out, err).toMatch(/^wasm .*libtensorflow.* cannot be loaded: /);
    expect(out.split('\n')[1]).toMatch(/cannot be loaded: .*; name another in ESPALIER_TENSORFLOW/);
  });
});
