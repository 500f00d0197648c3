import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, it } from 'vitest';

/** Bytes of `espalier/predict`, minified, without a runtime. */
const LIMIT = 80_000;

it('what a page needs to open a network and to read its answers is less than 80 kB, and holds no TensorFlow.js', async () => {
  const { metafile } = await build({
    absWorkingDir: fileURLToPath(new URL('../../..', import.meta.url)),
    entryPoints: ['deploy/predict/index.ts'],
    outdir: 'out',
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    write: false,
    metafile: true,
    external: ['onnxruntime-web/*'],
    logLevel: 'silent',
  });
  const { outputs } = metafile;
  const [entry] = Object.keys(outputs).filter((name) => name.endsWith('/index.js'));
  const needed = new Set<string>();
  const add = (name: string): void => {
    if (needed.has(name)) return;
    needed.add(name);
    for (const { path, kind } of outputs[name]?.imports ?? []) if (kind === 'import-statement') add(path);
  };
  add(entry ?? '');
  const inputs = [...needed].flatMap((name) => Object.keys(outputs[name]?.inputs ?? {}));
  expect(inputs.filter((name) => name.includes('tensorflow'))).toEqual([]);
  expect(inputs.filter((name) => /^(training\/(?!imageSource)|backbones|necks|configs|tools)/.test(name))).toEqual([]);
  const bytes = [...needed].reduce((sum, name) => sum + (outputs[name]?.bytes ?? 0), 0);
  expect(bytes).toBeGreaterThan(10_000);
  expect(bytes).toBeLessThan(LIMIT);
});
