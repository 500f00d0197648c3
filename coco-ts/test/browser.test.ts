import { createContext, runInContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { beforeAll, describe, expect, test } from 'vitest';
import { COCO, COCOeval, type Dataset } from '../src/index.js';

/** What a page has and this library may use; of Node nothing, not even `process`. */
const GLOBALS = {
  atob,
  Blob,
  DecompressionStream,
  fetch,
  performance,
  ReadableStream,
  Response,
  structuredClone,
  TextDecoder,
  TextEncoder,
  URL,
  WebAssembly,
  // Values that come from outside, as in a page from another frame.
  Uint8Array,
  ArrayBuffer,
};

const square = (id: number, image: number, x: number): object => ({
  id,
  image_id: image,
  category_id: 1 + (id % 2),
  iscrowd: 0,
  area: 400,
  bbox: [x, 10, 20, 20],
  segmentation: [[x, 10, x + 20, 10, x + 20, 30, x, 30]],
});
const truths = {
  images: [1, 2, 3].map((id) => ({ id, width: 90, height: 60 })),
  categories: [1, 2].map((id) => ({ id, name: `class ${id}` })),
  annotations: [1, 2, 3, 4, 5, 6].map((id) => square(id, 1 + (id % 3), 5 * id)),
} as Dataset;
const results = [1, 2, 3, 4, 5, 6, 7].map((id) => ({
  image_id: 1 + (id % 3),
  category_id: 1 + (id % 2),
  score: 1 / id,
  bbox: [5 * id + (id % 4), 11, 20, 20],
}));

let script = '';
beforeAll(async () => {
  const { outputFiles } = await build({
    entryPoints: [new URL('../src/index.ts', import.meta.url).pathname],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'coco',
    platform: 'browser',
    define: { 'import.meta.url': '"https://example.org/coco.js"' },
    logLevel: 'warning',
  });
  script = outputFiles[0]!.text;
});

/** Stats of the evaluation in a context without Node. */
async function inBrowser(input: string, globals: object, type: string): Promise<number[]> {
  const bytes = new TextEncoder().encode(JSON.stringify(truths));
  const gzip = new Uint8Array(gzipSync(bytes));
  const context = createContext({
    ...GLOBALS,
    ...globals,
    bytes,
    gzip,
    found: new TextEncoder().encode(JSON.stringify(results)),
  });
  runInContext(script, context);
  const run = `(async () => {
    const gt = await coco.CocoFile.open(${input});
    const evaluation = new coco.COCOeval(gt, gt.loadRes(found), ${JSON.stringify(type)});
    await evaluation.evaluateAsync({ threads: 1 });
    evaluation.accumulate();
    evaluation.summarize();
    return [...evaluation.stats];
  })()`;
  return [...((await runInContext(run, context)) as number[])];
}

function here(type: 'bbox' | 'segm'): number[] {
  const gt = new COCO(structuredClone(truths));
  const evaluation = new COCOeval(gt, gt.loadRes(structuredClone(results)), type);
  evaluation.evaluate();
  evaluation.accumulate();
  evaluation.summarize();
  return [...evaluation.stats];
}

describe('without anything of Node', () => {
  test.each(['bbox', 'segm'] as const)('bytes are loaded and evaluated: %s', async (type) => {
    const stats = here(type);
    expect(stats[0]).toBeGreaterThan(0.3);
    expect(await inBrowser('bytes', {}, type)).toEqual(stats);
  });

  test.each(['new Blob([bytes])', 'new Blob([gzip])', 'new Blob([bytes]).stream()', 'gzip'])(
    'so is %s',
    async (input) => {
      expect(await inBrowser(input, {}, 'bbox')).toEqual(here('bbox'));
    },
  );

  test('the same comes out where WebAssembly is forbidden', async () => {
    expect(await inBrowser('bytes', { WebAssembly: undefined }, 'segm')).toEqual(here('segm'));
  });

  test('a path is refused with a sentence that says what to pass', async () => {
    const context = createContext({ ...GLOBALS });
    runInContext(script, context);
    const message = (await runInContext(
      `(() => { try { new coco.COCO({ images: [], categories: [] }).loadRes('a.json'); } catch (error) { return error.message; } })()`,
      context,
    )) as string;
    expect(message).toContain('pass the bytes of the file');
  });
});
