import { accessSync, constants, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium, type Page as Tab } from 'playwright-core';
import { golden } from '../data.js';
import type { PageCalls } from './page.js';
import { type Page, serve } from './server.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

const executable = findChromium();
/** Why tests in a browser are skipped here. */
export const chromiumMissing = executable
  ? undefined
  : `no ${NAMES[0]} on the path: install it, or set ESPALIER_CHROMIUM`;
/** All networks, and training on every engine: `npm run test:browser`. */
export const isThorough = process.env.ESPALIER_TEST_BROWSER === 'all';

/** A Chromium: the one that ESPALIER_CHROMIUM names, or the first on the path. */
function findChromium(): string | undefined {
  const { ESPALIER_CHROMIUM, PATH = '' } = process.env;
  const files = PATH.split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return ESPALIER_CHROMIUM || files.find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Nothing is fetched, and the profile is new. */
const ARGUMENTS = [
  ...['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  ...['--disable-component-update', '--disable-sync'],
];
/** In software, so that every machine computes the same; or as in a browser that has no graphics processor. */
const GRAPHICS = {
  software: [
    ...['--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
    ...['--enable-unsafe-webgpu', '--enable-features=Vulkan', '--use-webgpu-adapter=swiftshader'],
  ],
  none: ['--disable-gpu', '--disable-webgl', '--disable-webgl2', '--disable-software-rasterizer'],
} as const;

export interface BrowserOptions {
  readonly graphics?: keyof typeof GRAPHICS;
  /** Further files of the page's server, by path. */
  readonly files?: ReadonlyMap<string, Page>;
}

export interface Browser {
  /** A fresh page with the library loaded. */
  openPage(): Promise<LibraryPage>;
  /** Of the page's server. */
  readonly url: string;
  close(): Promise<void>;
}

export interface LibraryPage {
  /** Calls one of `PageCalls` in the page; an error there is thrown here. */
  call<Name extends keyof PageCalls>(
    name: Name,
    ...args: Parameters<PageCalls[Name]>
  ): Promise<Awaited<ReturnType<PageCalls[Name]>>>;
  /** Errors and warnings that the page printed. */
  readonly said: readonly string[];
  close(): Promise<void>;
}

/** Chromium without a window and with a new profile, for pages of any server; close it. */
export function launchChromium() {
  return chromium.launch({ executablePath: executable as string, headless: true, args: [...ARGUMENTS] });
}

/** Starts Chromium without a window, on a page with a bundle of the library's browser entry. */
export async function openBrowser({ graphics = 'software', files }: BrowserOptions = {}): Promise<Browser> {
  const script = await bundle();
  const server = await serve((path) => files?.get(path) ?? pageOf(path, script));
  const profile = mkdtempSync(join(tmpdir(), 'espalier-chromium-'));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: executable as string,
    headless: true,
    ignoreDefaultArgs: graphics === 'none' ? ['--enable-unsafe-swiftshader'] : [],
    args: [...ARGUMENTS, ...GRAPHICS[graphics]],
  });
  return {
    openPage: async () => {
      const tab = await browser.newPage();
      const said: string[] = [];
      tab.on('console', (message) => said.push(message.text()));
      tab.on('pageerror', (error) => said.push(String(error)));
      await tab.goto(server.url);
      await tab.waitForFunction(() => 'espalier' in globalThis, undefined, { timeout: 30_000 });
      return { said, call: callerOf(tab), close: () => tab.close() };
    },
    url: server.url,
    close: async () => {
      await browser.close();
      server.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

function callerOf(tab: Tab): LibraryPage['call'] {
  return (name, ...args) =>
    tab.evaluate(
      ([method, values]) => {
        const { espalier } = globalThis as unknown as { espalier: Record<string, (...rest: unknown[]) => unknown> };
        return espalier[method]?.(...values) as never;
      },
      [name, args as unknown[]] as const,
    );
}

const require = createRequire(import.meta.url);
const wasmFolder = dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'));

function pageOf(path: string, script: Uint8Array): Page | null {
  const name = path.split('/').at(-1) ?? '';
  if (path === '/')
    return {
      type: 'text/html',
      body: '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>',
    };
  if (path === '/page.js') return { type: 'text/javascript', body: script };
  if (/^\/wasm\/[\w-]+\.wasm$/.test(path)) {
    return { type: 'application/wasm', body: readFileSync(join(wasmFolder, 'dist', name)) };
  }
  if (!/^\/golden\/[\w.]+\.json$/.test(path)) return null;
  return { type: 'application/json', body: JSON.stringify(golden<unknown>(`backbones/${name}.gz`)) };
}

/** The page's program as one ES module: `node:` imports do not resolve for a browser, so that one would fail here. */
async function bundle(): Promise<Uint8Array> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['test/browser/page.ts'],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    write: false,
    ignoreAnnotations: true, // what package.json says of side effects is said of dist/
    logLevel: 'silent',
  });
  return outputFiles[0]?.contents as Uint8Array;
}
