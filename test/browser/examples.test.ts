import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Page as Tab } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseExperiment, trainExperiment } from '../../configs/index.js';
import { encodePng } from '../../datasets/decode/index.js';
import { openModel } from '../../deploy/host/predict.js';
import { openDetector, readSafetensors } from '../../index.js';
import { readCheckpoint } from '../../training/run/checkpointFile.js';
import { smallBundle, smallImage } from '../deploy/predict/smallBundle.js';
import { chromiumMissing, launchChromium } from './browser.js';
import { examplePages, onnxRuntimeWeb } from './examples.js';
import { type Page, serve } from './server.js';

const require = createRequire(import.meta.url);
const wasm = join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist');
const folder = mkdtempSync(join(tmpdir(), 'espalier-examples-'));

describe.skipIf(chromiumMissing)(`the pages of examples/browser ${chromiumMissing ?? ''}`, () => {
  let pages: Map<string, Page>;
  let server: Awaited<ReturnType<typeof serve>>;
  let browser: Awaited<ReturnType<typeof launchChromium>>;
  const image = join(folder, 'image.png');
  const archive: { readonly name: string; readonly bytes: Uint8Array }[] = [];

  beforeAll(async () => {
    pages = await examplePages('browser', ['main.ts', 'train.ts']);
    const { model, files } = await smallBundle('retina');
    model.dispose();
    archive.push(...files);
    for (const { name, bytes } of files)
      pages.set(`/model.bundle/${name}`, { type: 'application/octet-stream', body: bytes });
    writeFileSync(image, encodePng(smallImage()));
    server = await serve((path) => pages.get(path === '/' ? '/index.html' : path) ?? binary(path));
    browser = await launchChromium();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function binary(path: string): Page | null {
    const name = path.split('/').at(-1) ?? '';
    if (!/^[\w.-]+\.(wasm|mjs)$/.test(name)) return null;
    const from = path.startsWith('/wasm/') ? wasm : onnxRuntimeWeb;
    const type = name.endsWith('wasm') ? 'application/wasm' : 'text/javascript';
    return from === null ? null : { type, body: readFileSync(join(from, name)) };
  }

  async function open(path: string): Promise<{ readonly tab: Tab; readonly said: string[] }> {
    const tab = await browser.newPage();
    const said: string[] = [];
    tab.on('pageerror', (error) => said.push(String(error)));
    await tab.goto(`${server.url}${path}`);
    return { tab, said };
  }

  it.skipIf(onnxRuntimeWeb === null)(
    'an image is shown with what ONNX Runtime finds in it: what Node finds (skipped without onnxruntime-web)',
    async () => {
      for (const { name, bytes } of archive) {
        mkdirSync(join(folder, 'model'), { recursive: true });
        writeFileSync(join(folder, 'model', name), bytes);
      }
      const inNode = await openModel(join(folder, 'model'), { runtime: 'tfjs-wasm', task: 'detection' });
      const expected = await inNode.predict(image);
      await inNode.dispose();
      const { tab, said } = await open('');
      await tab.fill('#threshold', '0');
      await tab.setInputFiles('#file', image);
      await tab.getByText(/detection on onnxruntime-web: \d+ ms, \d+ found/).waitFor();
      const lines = await tab.locator('#found li').allTextContents();
      expect(lines).toEqual(expected.map(({ label, score }) => `${label} ${score.toFixed(2)}`));
      expect(lines.length).toBeGreaterThan(3);
      const drawn = await tab.evaluate(() => {
        const canvas = document.querySelector('canvas') as HTMLCanvasElement;
        const context = canvas.getContext('2d') as CanvasRenderingContext2D;
        const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
        return [canvas.width, canvas.height, [...data]] as const;
      });
      expect(drawn.slice(0, 2)).toEqual([96, 64]);
      const plain = smallImage().data;
      const changed = drawn[2].filter((value, i) => i % 4 === 0 && value !== plain[(i / 4) * 3]).length;
      expect(changed).toBeGreaterThan(50);
      expect(said).toEqual([]);
      await tab.close();
    },
  );

  it('a runtime that this browser lacks is refused by name, with what would help', async () => {
    const { tab } = await open('');
    await tab.selectOption('#runtime', 'onnxruntime-webgpu');
    await tab.click('#open');
    await tab.getByText('there is no WebGPU adapter here').waitFor();
    await tab.selectOption('#runtime', '');
    await tab.fill('#model', '/nowhere');
    await tab.click('#open');
    await tab.getByText(/nowhere\/espalier\.json cannot be fetched: the server answers 404/).waitFor();
    await tab.close();
  });

  it('a detector is taught in the tab, its checkpoint opens in Node and is trained on there', {
    timeout: 300_000,
  }, async () => {
    const { tab, said } = await open('train.html');
    await tab.click('#sample');
    await tab.getByText('image 1 of 6, 20 boxes in all').waitFor();
    const { x, y } = (await tab.locator('#canvas').boundingBox()) as { readonly x: number; readonly y: number };
    await tab.fill('#label', 'square');
    await tab.mouse.move(x + 5, y + 6);
    await tab.mouse.down();
    await tab.mouse.move(x + 25, y + 36);
    await tab.mouse.up();
    await tab.getByText('21 boxes in all').waitFor();
    await tab.click('#undo');
    await tab.getByText('20 boxes in all').waitFor();
    await tab.fill('#steps', '6');
    await tab.fill('#weights', '');
    await tab.click('#train');
    await tab.getByText(/trained 6 steps/).waitFor({ timeout: 240_000 });
    expect(await tab.locator('#curve svg, #curve canvas').count()).toBeGreaterThan(0);
    const [download] = await Promise.all([tab.waitForEvent('download'), tab.click('#download')]);
    const run = join(folder, 'run');
    mkdirSync(join(run, 'checkpoints'), { recursive: true });
    const last = join(run, 'checkpoints/last.safetensors');
    await download.saveAs(last);
    await tab.click('#find');
    await tab.getByText(/disc \d|square \d|nothing found/).waitFor();
    expect(said).toEqual([]);
    await tab.close();

    const { metadata } = readCheckpoint(last); // the digest is right
    expect([metadata.step, metadata.classes.map(({ name }) => name)]).toEqual([6, ['disc', 'square']]);
    const detector = await openDetector(readFileSync(last), { threshold: 0 });
    expect((await detector.predict({ ...smallImage() })).length).toBeGreaterThan(0);
    detector.dispose();

    const config = goOnConfig(metadata.config as { readonly model: object });
    const before = readSafetensors(readFileSync(last)).tensors.get('class_net.predict.conv_pw.weight');
    const result = await trainExperiment(parseExperiment(config, 'tab.yaml'), {
      out: run,
      resume: true,
      offline: true,
      engine: 'wasm',
      say: () => undefined,
      pictures: false,
    });
    expect(result.step).toBe(7);
    const after = readSafetensors(readFileSync(last)).tensors.get('class_net.predict.conv_pw.weight');
    expect(before?.data.length).toBeGreaterThan(10);
    expect(after?.data).not.toEqual(before?.data);
  });

  /** Images of the same classes as a COCO data set, and a config that goes on with the page's run. */
  function goOnConfig({ model }: { readonly model: object }): unknown {
    mkdirSync(join(folder, 'images'));
    const [width, height] = [320, 240];
    const ids = [0, 1, 2, 3, 4, 5];
    for (const id of ids) {
      const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => 127 + 120 * Math.sin(i * 0.01 + id));
      writeFileSync(join(folder, `images/${id}.png`), encodePng({ data, width, height }));
    }
    const annotations = ids.map((id) => ({
      id,
      image_id: id,
      category_id: (id % 2) + 1,
      iscrowd: 0,
      bbox: [20 + id, 30, 60, 60],
      area: 3600,
    }));
    const images = ids.map((id) => ({ id, file_name: `${id}.png`, width, height }));
    const categories = ['disc', 'square'].map((name, i) => ({ id: i + 1, name }));
    writeFileSync(join(folder, 'train.json'), JSON.stringify({ images, annotations, categories }));
    return {
      data: { kind: 'coco', root: folder, images: 'images', train: 'train.json', val: null },
      model: { ...model, weights: null },
      train: { epochs: 7, batchSize: 4, seed: 1, workers: 0, ema: 0.95 },
    };
  }
});
