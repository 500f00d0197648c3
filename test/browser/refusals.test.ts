import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Browser, chromiumMissing, openBrowser } from './browser.js';

describe.skipIf(chromiumMissing)(`in a Chromium without graphics ${chromiumMissing ?? ''}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser({ graphics: 'none' });
  }, 60_000);
  afterAll(() => browser?.close());

  it.each([
    ['webgl', '/wasm/', /gives no WebGL: enable hardware acceleration, or open the wasm engine/],
    ['webgpu', '/wasm/', /gives no WebGPU adapter: it takes .* or open the wasm engine/],
    ['tensorflow', '/wasm/', /engine 'tensorflow' does not exist on this platform/],
    ['wasm', '/nowhere/', /did not start: serve the \.wasm files .* name their folder in wasmPaths/],
  ] as const)('%s asked for by name is refused with the reason (files below %s)', async (engine, paths, reason) => {
    const page = await browser.openPage();
    await expect(page.call('open', engine, paths)).rejects.toThrow(reason);
    await page.close();
  });

  it('the server of the tests answers its own page alone', async () => {
    const { port } = new URL(browser.url);
    const status = await new Promise((resolve) =>
      request({ host: '127.0.0.1', port, headers: { host: 'elsewhere.example' } }, ({ statusCode }) =>
        resolve(statusCode),
      ).end(),
    );
    expect(status).toBe(403);
  });
});
