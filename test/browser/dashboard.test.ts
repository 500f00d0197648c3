import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawCells } from '../../datasets/index.js';
import { encodeJpeg } from '../../datasets/pictures/index.js';
import { startBrowser } from '../../tools/browse/browse.js';
import { createCorrections } from '../../tools/browse/edits.js';
import { type Dashboard, startDashboard } from '../../tools/dashboard/server.js';
import { type Html, html } from '../../tools/runReport/html.js';
import { gallerySection, reportPage } from '../../tools/runReport/runReport.js';
import { confusionSection } from '../../tools/runReport/sections.js';
import { openCoco } from '../datasets/open.js';
import { startLine, stepLine } from '../tools/dashboard/lines.js';
import { findBarriers } from './accessible.js';
import { chromiumMissing, launchChromium } from './browser.js';
import { openTab, scrollTo, type Watched, waitForMarks } from './tabs.js';

const HOSTILE = '<img src=x onerror=alert(1)>.[0]';
const time = '2026-01-01T00:01:00.000Z';
const jpeg = encodeJpeg({ data: new Uint8Array(64 * 48 * 3).fill(120), width: 64, height: 48 });
const picture = (id: string) => ({
  id,
  width: 64,
  height: 48,
  file: 'val-0.jpg',
  truth: { boxes: [{ box: [4, 4, 30, 30], label: 0 }] },
  answer: { boxes: [{ box: [5, 5, 31, 30], label: 1, score: 0.9 }] },
  error: 1,
});

/** A run of three classes, of hostile names, with two evaluations. */
function makeRun(folder: string, name: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, 'pictures'), { recursive: true });
  const perClass = [HOSTILE, 'dog', "O'Neill"].map((each, i) => ({ name: each, AP: 0.2 * i, AP50: 0.3 * i }));
  const evaluation = (step: number): string =>
    JSON.stringify({
      time,
      event: 'evaluation',
      step,
      epoch: 1,
      weights: 'ema',
      report: { AP: step / 100, AP50: step / 50, perClass },
      seconds: 1,
    });
  const lines = [
    startLine(40),
    ...Array.from({ length: 40 }, (_, i) => stepLine(i + 1)),
    ...[20, 40].map(evaluation),
    ...[20, 40].map((step) =>
      JSON.stringify({ time, event: 'memory', step, kind: 'measured', peakBytes: 2 ** 30 + step, tensors: 3 }),
    ),
    ...[20, 40].map((step) =>
      JSON.stringify({ time, event: 'energy', step, kilowattHours: step / 1e6, source: 'estimate', formula: 'x' }),
    ),
    JSON.stringify({ time, event: 'warning', step: 40, message: HOSTILE }),
    JSON.stringify({ time, event: 'stop', step: 40, reason: 'done' }),
  ];
  writeFileSync(join(path, 'events.jsonl'), `${lines.join('\n')}\n`);
  writeFileSync(join(path, 'config.json'), JSON.stringify({ task: 'detection', note: HOSTILE, name }));
  const kept = {
    pictures: [picture(HOSTILE)],
    worst: [picture('worst.png')],
    confusion: [
      [3, 1, 0, 0],
      [0, 2, 0, 1],
      [0, 0, 1, 0],
      [1, 0, 0, 0],
    ],
  };
  for (const step of [20, 40])
    writeFileSync(join(path, `pictures/answers-${step}.json`), JSON.stringify({ step, ...kept }));
  writeFileSync(join(path, 'pictures/batch-0.json'), JSON.stringify({ step: 0, pictures: [picture('a.png')] }));
  writeFileSync(join(path, 'pictures/val-0.jpg'), jpeg);
  return path;
}

describe.skipIf(chromiumMissing !== undefined)(
  `pages in Chromium${chromiumMissing ? ` (${chromiumMissing})` : ''}`,
  () => {
    let folder: string;
    let server: Dashboard;
    let browser: Browser;
    const watched: Watched = { said: [], outside: [] };

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'espalier-pages-'));
      for (const name of ['one', 'two', HOSTILE]) makeRun(folder, name);
      server = await startDashboard({
        root: folder,
        port: 0,
        controls: { stop: () => 'asked', pause: () => 'asked', resume: () => 'asked' },
      });
      browser = await launchChromium();
    });
    afterAll(async () => {
      await browser?.close();
      await server?.close();
      rmSync(folder, { recursive: true, force: true });
    });

    const open = (url: string, width: number, colorScheme: 'light' | 'dark'): Promise<Page> =>
      openTab(browser, url, { width, colorScheme }, watched);

    it.each([
      [400, 'dark'],
      [1600, 'light'],
    ] as const)('every chart of the runs has marks at %i pixels in %s', async (width, scheme) => {
      const tab = await open(server.url, width, scheme);
      await waitForMarks(tab);
      expect(await tab.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
      expect(await tab.locator('figure svg rect').count()).toBeGreaterThan(3);
      expect(await findBarriers(tab)).toEqual([]);
      await tab.getByLabel('show two').press('Space'); // by the keyboard: both runs
      await tab.getByText('two total').first().waitFor({ state: 'attached', timeout: 20_000 });
      await scrollTo(tab.locator('section[aria-label="Config"]'));
      await tab
        .locator('section[aria-label="Config"] table td', { hasText: 'name' })
        .first()
        .waitFor({ state: 'attached' });
      await tab.close();
    });

    it('the table of runs is sorted by a click on a head and filtered by text', async () => {
      const tab = await open(server.url, 1200, 'light');
      const names = () => tab.locator('section[aria-label="Runs"] tbody tr td:nth-child(2)').allTextContents();
      const head = tab.locator('section[aria-label="Runs"] th', { hasText: 'run' });
      await head.getByRole('button').click();
      expect(await names()).toEqual([HOSTILE, 'one', 'two']);
      expect(await head.getAttribute('aria-sort')).toBe('ascending');
      await head.getByRole('button').click();
      expect(await names()).toEqual(['two', 'one', HOSTILE]);
      await tab.getByLabel('filter runs').fill('ONERROR');
      expect(await names()).toEqual([HOSTILE]);
      await tab.close();
    });

    it('a click on a cell of the confusion of a report shows its images, and the keyboard enlarges one', async () => {
      const rows = [
        [1, 1],
        [0, 0],
      ];
      const base64 = Buffer.from(jpeg).toString('base64');
      const image = (id: string, cells: readonly string[]) => ({
        ...picture(id),
        jpeg: base64,
        extra: [0],
        missed: [0],
        cells,
      });
      const images = [image(HOSTILE, ['0 1']), image('right.png', ['0 0'])];
      const parts: Html[] = [confusionSection([HOSTILE, 'dog'], rows), gallerySection(), html`<p>${HOSTILE}</p>`];
      const file = join(folder, 'report.html');
      writeFileSync(file, reportPage(HOSTILE, parts, { names: [HOSTILE, 'dog'], images }));
      const tab = await open(pathToFileURL(file).href, 1200, 'light');
      expect(await tab.locator('#gallery figure').count()).toBe(2);
      expect(await findBarriers(tab)).toEqual([]);
      await tab.locator('[data-cell="0 1"]').click();
      expect(await tab.locator('#gallery figcaption').allTextContents()).toEqual([`${HOSTILE} \u00b7 100 % wrong`]);
      await tab.locator('#gallery .frame').first().press('Enter');
      expect(await tab.locator('dialog[open] figure').count()).toBe(1);
      await tab.keyboard.press('Escape');
      await tab.getByLabel('name').fill('nothing of this name');
      expect(await tab.locator('#gallery figure').count()).toBe(0);
      await tab.close();
    });

    it('a box of a data set is removed and another drawn, and both are saved beside the original', async () => {
      const root = join(folder, 'set');
      await drawCells({ out: root, images: 4, seed: 2 });
      const dataset = await openCoco({
        root,
        annotations: 'annotations/train.json',
        images: 'images',
        task: 'detection',
      });
      const original = join(root, 'annotations/train.json');
      const corrections = createCorrections(original, dataset.entries, dataset.labels);
      const pages = await startBrowser(dataset, { run: null, corrections, port: 0 });
      const tab = await open(pages.url, 1200, 'dark');
      await tab.locator('#gallery figure').nth(2).waitFor();
      expect(await findBarriers(tab)).toEqual([]);
      await tab.getByLabel('name').fill(dataset.entries[1]?.id ?? '');
      await tab.locator('#gallery figure').nth(1).waitFor({ state: 'detached' });
      await tab.locator('#gallery .frame').first().press('Enter');
      const boxes = tab.locator('dialog .overlay rect');
      const before = await boxes.count();
      await boxes.first().press('Delete');
      const area = await tab.locator('dialog .overlay').boundingBox();
      const [x, y] = [area?.x ?? 0, area?.y ?? 0];
      const place = async (): Promise<readonly number[]> =>
        boxes.first().evaluate((box) => ['x', 'y', 'width', 'height'].map((side) => Number(box.getAttribute(side))));
      const [left = 0, top = 0, width = 0, height = 0] = await place();
      await boxes.first().focus();
      for (const key of ['ArrowRight', 'ArrowDown', 'Shift+ArrowLeft', 'Shift+ArrowDown'])
        await tab.keyboard.press(key);
      expect(await place()).toEqual([left + 1, top + 1, width - 1, height + 1]);
      await tab.mouse.move(x + 3, y + 3);
      await tab.mouse.down();
      await tab.mouse.move(x + 60, y + 40);
      await tab.mouse.up();
      expect(await boxes.count()).toBe(before);
      await tab.getByRole('button', { name: 'save' }).click();
      await tab.getByText('written to').waitFor();
      const count = (file: string): number =>
        (JSON.parse(readFileSync(file, 'utf8')) as { annotations: unknown[] }).annotations.length;
      expect(count(corrections.file)).toBe(count(original));
      await tab.close();
      await pages.close();
    });

    it('nothing was said, and nothing asked of anybody else', () => {
      expect(watched).toEqual({ said: [], outside: [] });
    });
  },
);
