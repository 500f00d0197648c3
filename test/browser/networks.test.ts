import { appendFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BACKBONE_ARCHS } from '../../backbones/index.js';
import type { BackboneGolden } from '../backbones/compareRecord.js';
import { differenceNote, hasGolden } from '../backbones/records.js';
import { golden } from '../data.js';
import { type Browser, chromiumMissing, isThorough, openBrowser } from './browser.js';

/** A tab holds no more parameters on any engine. */
const LIMIT = 150e6;
const SAMPLE = ['tf_efficientnet_lite0', 'efficientnet_b0'];
/** The recorded size with sides of both parities at every stage. */
const LAST = 3;

const archs = BACKBONE_ARCHS.filter((name) => name.includes('efficientnet') && hasGolden(name));
const parametersOf = (name: string): number => golden<BackboneGolden>(`backbones/${name}.json.gz`).parameters;
const networks = isThorough ? archs.filter((name) => parametersOf(name) <= LIMIT) : SAMPLE;

/** Which networks, and which of their four image sizes: graphics in software take seconds an image. */
const ENGINES = [
  { engine: 'wasm', names: networks, sizesOf: () => [0, 1, 2, LAST] },
  ...(['webgl', 'webgpu'] as const).map((engine) => ({
    engine,
    names: isThorough ? networks : networks.slice(0, 1),
    sizesOf: (name: string) => (isThorough && parametersOf(name) < 10e6 ? [0, LAST] : [LAST]),
  })),
] as const;

describe.skipIf(chromiumMissing)(`EfficientNets in Chromium ${chromiumMissing ?? ''}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  }, 60_000);
  afterAll(() => browser?.close());

  for (const { engine, names, sizesOf } of ENGINES) {
    it.for(names)(
      `%s with formula weights gives the recorded maps and logits on ${engine}`,
      {
        timeout: 600_000,
      },
      async (name, { annotate }) => {
        const page = await browser.openPage();
        try {
          expect((await page.call('open', engine)).engine).toBe(engine);
          const sizes = sizesOf(name);
          const figures = await page.call('network', name, sizes);
          expect(figures.worst, figures.where).toBeLessThanOrEqual(1);
          expect(figures.tensors).toBeGreaterThanOrEqual(6 * sizes.length); // five maps and the logits
          expect(figures.leaked).toBe(0);
          expect(page.said).toEqual([]);
          await annotate(differenceNote([figures.spread]));
          const { ESPALIER_BROWSER_FIGURES: file } = process.env;
          if (file) appendFileSync(file, `${JSON.stringify({ engine, name, sizes: sizes.length, ...figures })}\n`);
        } finally {
          await page.close();
        }
      },
    );
  }
});
