import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Page } from './server.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const ONNX = join(process.env.ESPALIER_ONNXRUNTIME ?? root, 'node_modules');

/** What the packages of ONNX Runtime for pages serve; null: not installed, beside the library or in ESPALIER_ONNXRUNTIME. */
export const onnxRuntimeWeb = ((): string | null => {
  try {
    readFileSync(join(ONNX, 'onnxruntime-web/package.json'));
    return join(ONNX, 'onnxruntime-web/dist');
  } catch {
    return null;
  }
})();

/** The pages of an example with its scripts, built from the library's sources, by path. */
export async function examplePages(name: string, scripts: readonly string[]): Promise<Map<string, Page>> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: scripts.map((script) => join('examples', name, script)),
    outdir: '/out',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    write: false,
    ignoreAnnotations: true, // what package.json says of side effects is said of dist/
    define: { global: 'globalThis', 'process.env.NODE_ENV': '"production"' },
    alias: {
      'espalier/predict': './deploy/predict/index.ts',
      'espalier/webgpu': './engine/webgpu/browser.ts',
      espalier: './index.ts',
      ...(onnxRuntimeWeb === null
        ? {}
        : {
            'onnxruntime-web/wasm': join(onnxRuntimeWeb, 'ort.wasm.bundle.min.mjs'),
            'onnxruntime-web/webgpu': join(onnxRuntimeWeb, 'ort.webgpu.bundle.min.mjs'),
          }),
    },
    external: onnxRuntimeWeb === null ? ['onnxruntime-web/*'] : [],
    logLevel: 'silent',
  });
  const pages = new Map<string, Page>();
  for (const { path, contents } of outputFiles)
    pages.set(path.slice('/out'.length), { type: 'text/javascript', body: contents });
  for (const page of ['index.html', 'train.html', 'page.css']) {
    const text = readFileSync(join(root, 'examples', name, page), 'utf8').replace(/\.ts"/g, '.js"');
    pages.set(`/${page}`, { type: page.endsWith('css') ? 'text/css' : 'text/html', body: text });
  }
  return pages;
}
