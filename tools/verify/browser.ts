import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExportedFile } from '../../deploy/formats.js';
import type { HostNetwork, HostValues } from '../../deploy/hostNetwork.js';
import { findBeside } from '../../deploy/onnxruntime/onnxruntime.js';
import { EngineError } from '../../engine/errors.js';
import { readRegular } from '../../engine/files/read.js';
import { namedPlace } from '../../engine/host/environment.js';
import { findProgram } from '../../engine/host/programs.js';
import { packTensors, unpackTensors } from './frames.js';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
/** Nothing is fetched from elsewhere. */
const ARGUMENTS = [
  ...['--headless', '--disable-gpu', '--no-first-run', '--disable-quic', '--disable-sync'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-extensions'],
];
/** Largest file of a runtime. */
const MAX_BYTES = 2 ** 28;
/** Largest body that the page posts. */
const MAX_POSTED = 2 ** 30;
/** How long a page may take to open a network, or to answer, milliseconds. */
const PATIENCE = 120_000;

/** A Chromium: the one that ESPALIER_CHROMIUM names by its whole path, or the first on the path; null: there is none. */
export function findChromium(): string | null {
  const named = namedPlace('ESPALIER_CHROMIUM');
  if (named !== null) return existsSync(named) ? named : null;
  return NAMES.map(findProgram).find((file) => file !== null) ?? null;
}

/**
 * Opens exported files in a page of headless Chromium, served from this machine to itself.
 *
 * @param runtime that runs them there: `onnxruntime` an ONNX file, `tfjs` a GraphModel
 * @throws EngineError when the page says why it cannot, or says nothing
 */
export async function openInBrowser(
  runtime: 'onnxruntime' | 'tfjs',
  files: readonly ExportedFile[],
): Promise<HostNetwork> {
  const executable = findChromium();
  if (executable === null) throw new EngineError('no Chromium was found: install it, or name it in ESPALIER_CHROMIUM');
  const page = await servePage(runtime, files);
  const profile = mkdtempSync(join(tmpdir(), 'espalier-chromium-'));
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : []; // its own cannot be made by root
  const program = spawn(executable, [...ARGUMENTS, ...sandbox, `--user-data-dir=${profile}`, page.address], {
    stdio: 'ignore',
  });
  program.on('error', (error) => page.fail(`Chromium cannot be started: ${error.message}`));
  program.on('exit', () => page.fail('Chromium has ended'));
  const dispose = async (): Promise<void> => {
    page.close();
    await ended(program);
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await page.opened();
  } catch (error) {
    await dispose();
    throw error;
  }
  return { run: page.run, spent: page.spent, dispose };
}

function ended(program: ChildProcess): Promise<void> {
  if (program.exitCode !== null || program.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    program.once('exit', () => resolve());
    program.kill();
  });
}

/** Folders of packages that the page loads from, and the page's own modules. */
const require = createRequire(import.meta.url);
const beside = (entry: string | null): string => (entry === null ? '' : dirname(entry));
const FOLDERS: { readonly [name: string]: () => string } = {
  ort: () => beside(findBeside('onnxruntime-web')),
  tf: () => join(dirname(require.resolve('@tensorflow/tfjs/package.json')), 'dist'),
  'tf-wasm': () => join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist'),
  page: () => dirname(fileURLToPath(import.meta.url)),
};
const TYPES: { readonly [ending: string]: string } = {
  js: 'text/javascript',
  mjs: 'text/javascript',
  wasm: 'application/wasm',
  json: 'application/json',
};

/** One network for one page: answers are asked for one after the other. */
async function servePage(runtime: string, files: readonly ExportedFile[]) {
  const secret = randomBytes(16).toString('hex');
  const models = new Map(files.map(({ name, bytes }) => [name, bytes]));
  let milliseconds = 0;
  let problem: string | null = null;
  let settle: ((outputs: HostValues) => void) | null = null;
  let refuse: ((error: Error) => void) | null = null;
  let asking: ServerResponse | null = null;
  let waiting: HostValues | null = null;
  const fail = (why: string): void => {
    problem ??= why;
    refuse?.(new EngineError(why));
  };
  const awaited = (): Promise<HostValues> => {
    if (problem !== null) return Promise.reject(new EngineError(problem));
    const late = setTimeout(() => fail('the page in Chromium does not answer'), PATIENCE);
    return new Promise<HostValues>((resolve, reject) => {
      [settle, refuse] = [resolve, reject];
    }).finally(() => {
      clearTimeout(late);
      [settle, refuse] = [null, null];
    });
  };
  const give = (): void => {
    if (!asking || !waiting) return;
    asking.end(packTensors(waiting));
    [asking, waiting] = [null, null];
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      response.statusCode = 404;
      response.end(error instanceof Error ? error.message : '');
    });
  });
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const [, given, place = '', ...rest] = pathname.split('/');
    if (given !== secret) throw new Error('not found');
    const name = rest.join('/');
    if (request.method === 'POST') {
      const body = await bodyOf(request);
      response.end();
      if (place === 'problem') return fail(`Chromium: ${new TextDecoder().decode(body)}`);
      milliseconds = Number(searchParams.get('ms') ?? 0);
      return settle?.(place === 'outputs' ? unpackTensors(body) : {});
    }
    if (place === 'next') {
      asking = response;
      return give();
    }
    if (place === '') {
      response.setHeader('content-type', 'text/html');
      response.end(
        `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><body data-runtime="${runtime}"><script type="module" src="page/page.js"></script>`,
      );
      return;
    }
    response.setHeader('content-type', TYPES[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream');
    if (place === 'model') return void response.end(models.get(name) ?? '');
    response.end(fileOf(place, name));
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}/${secret}/`,
    opened: awaited,
    run: (inputs: HostValues) => {
      const outputs = awaited();
      waiting = inputs;
      give();
      return outputs;
    },
    spent: () => milliseconds,
    fail,
    close: () => {
      asking?.end();
      server.close();
      server.closeAllConnections();
    },
  };
}

/** A file of the packages that a page loads; nothing beside them is named. */
function fileOf(place: string, name: string): Uint8Array {
  const folder = FOLDERS[place]?.();
  const file = name.split('/').at(-1) ?? '';
  if (!folder || !/^[\w.-]+\.(m?js|wasm)$/.test(file)) throw new Error('not found');
  return readRegular(join(folder, file), {
    maxBytes: MAX_BYTES,
    refuse: (said) => new EngineError(`${file}: ${said}`),
  });
}

async function bodyOf(request: IncomingMessage): Promise<ArrayBuffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > MAX_POSTED) throw new Error('too much');
    parts.push(part);
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole.buffer;
}
