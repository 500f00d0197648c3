// examples/browser in Chromium: `npm run build`, then `npm run bench -- browser teach [STEPS]` teaches on the drawn sample, on WebAssembly, and
// counts what is found in six pictures that it has not seen; `npm run bench -- browser latency BUNDLE IMAGE` is the time of one answer on every runtime
// that is there, in Chromium and in Node. ESPALIER_ONNXRUNTIME names a folder with onnxruntime-web and onnxruntime-node.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';

const root = join(import.meta.dirname, '../..');
const require = createRequire(import.meta.url);
const wasm = join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist');
const onnx = join(process.env.ESPALIER_ONNXRUNTIME ?? root, 'node_modules/onnxruntime-web/dist');
const hasOnnx = existsSync(onnx);
const weights = join(homedir(), '.cache/espalier/weights/efficientnet-lite0-0.1.0.safetensors');
const TYPES = {
  '.html': 'text/html',
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};
const TAKEN = Number(process.env.TAKEN ?? 20);
const [mode = 'teach', ...rest] = process.argv.slice(2);

/** The example's pages with their scripts, from the build; further files by path. */
async function openPages(files) {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['main', 'train'].map((name) => `examples/browser/${name}.ts`),
    outdir: '/out',
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    write: false,
    define: { global: 'globalThis', 'process.env.NODE_ENV': '"production"' },
    alias: {
      'espalier/predict': './dist/deploy/predict/index.js',
      'espalier/webgpu': './dist/engine/webgpu/browser.js',
      espalier: './dist/index.js',
      ...(hasOnnx
        ? {
            'onnxruntime-web/wasm': `${onnx}/ort.wasm.bundle.min.mjs`,
            'onnxruntime-web/webgpu': `${onnx}/ort.webgpu.bundle.min.mjs`,
          }
        : {}),
    },
    external: hasOnnx ? [] : ['onnxruntime-web/*'],
  });
  const scripts = new Map(outputFiles.map(({ path, contents }) => [path.slice('/out'.length), contents]));
  const find = (path) => {
    const name = path.split('/').at(-1);
    if (scripts.has(path)) return scripts.get(path);
    const places = [join(root, 'examples/browser', name), join(wasm, name), join(onnx, name), files[path]];
    const place = places.find((each) => each !== undefined && existsSync(each));
    if (place === undefined) return null;
    return name.endsWith('.html') ? readFileSync(place, 'utf8').replace(/\.ts"/g, '.js"') : readFileSync(place);
  };
  const server = createServer(({ url }, response) => {
    const path = new URL(url, 'http://a').pathname;
    const body = find(path === '/' ? '/index.html' : path);
    const type = TYPES[extname(path) || '.html'] ?? 'application/octet-stream';
    response.writeHead(body === null ? 404 : 200, { 'content-type': type }).end(body ?? '');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await chromium.launch({
    executablePath: process.env.ESPALIER_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  });
  const tab = await browser.newPage({ viewport: { width: 900, height: 1000 } });
  tab.on('pageerror', (error) => console.log(String(error)));
  return {
    tab,
    url: `http://127.0.0.1:${server.address().port}`,
    close: async () => {
      await browser.close();
      server.close();
    },
  };
}

async function teach(steps) {
  const { tab, url, close } = await openPages({ '/efficientnet-lite0-0.1.0.safetensors': weights });
  await tab.goto(`${url}/train.html`);
  await tab.click('#sample');
  await tab.fill('#steps', String(steps));
  await tab.click('#train');
  await tab.getByText(/trained \d+ steps|cannot|Error/).waitFor({ timeout: 1_800_000 });
  console.log(await tab.textContent('#status'));
  await tab.click('#sample');
  for (let i = 0; i < 6; i++) await tab.click('#next');
  for (let i = 0; i < 6; i++) {
    await tab.click('#find');
    await tab.getByText(/\d\.\d\d|nothing found/).waitFor();
    console.log(`picture ${i + 7}: ${await tab.textContent('#status')}`);
    if (i === 1) await tab.screenshot({ path: rest[1] ?? 'tab.png' });
    await tab.click('#next');
  }
  await close();
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

async function latency(bundle, image) {
  const files = Object.fromEntries(readdirSync(bundle).map((name) => [`/model.bundle/${name}`, join(bundle, name)]));
  const { tab, url, close } = await openPages(files);
  await tab.goto(url);
  for (const runtime of ['onnxruntime-web', 'tfjs-wasm']) {
    await tab.selectOption('#runtime', runtime);
    await tab.click('#open');
    await tab.getByText(/first answer after/).waitFor({ timeout: 120_000 });
    const first = /after (\d+) ms/.exec(await tab.textContent('#status'))[1];
    const times = [];
    for (let i = 0; i < TAKEN; i++) {
      await tab.evaluate(() => (document.getElementById('status').textContent = ''));
      await tab.setInputFiles('#file', []); // the same file again is no change
      await tab.setInputFiles('#file', image);
      await tab.getByText(/: \d+ ms/).waitFor();
      times.push(Number(/: (\d+) ms/.exec(await tab.textContent('#status'))[1]));
    }
    console.log(`Chromium, ${runtime}: ${median(times)} ms, the first ${first} ms`);
  }
  await close();
  const { openModel } = await import('espalier/predict');
  for (const [runtime, threads] of [['onnxruntime-node', 1], ['onnxruntime-node'], ['tensorflow'], ['tfjs-wasm']]) {
    const model = await openModel(bundle, { runtime, ...(threads ? { threads } : {}) });
    const first = await model.warmUp();
    const times = [];
    for (let i = 0; i < TAKEN; i++) {
      const started = performance.now();
      await model.predict(image);
      times.push(performance.now() - started);
    }
    const how = threads === 1 ? ', one thread' : '';
    console.log(`Node, ${runtime}${how}: ${median(times).toFixed(0)} ms, the first ${first.toFixed(0)} ms`);
    await model.dispose();
  }
}

if (mode === 'teach') await teach(Number(rest[0] ?? 100));
else await latency(rest[0], rest[1]);
