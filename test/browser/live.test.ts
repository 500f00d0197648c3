import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawCells } from '../../datasets/index.js';
import { CONTROLS } from '../../tools/dashboard/controls.js';
import { type Dashboard, startDashboard } from '../../tools/dashboard/server.js';
import { chromiumMissing, isThorough, launchChromium } from './browser.js';
import { CHARTS, openTab, scrollTo, type Watched, waitForMarks } from './tabs.js';

const program = fileURLToPath(new URL('../../bin/espalier.js', import.meta.url));
/** Epochs of two steps: of some seconds, or of a minute and more. */
const EPOCHS = isThorough ? 120 : 8;
const config = `
data: { kind: coco, root: sample, images: images, train: annotations/train.json, val: annotations/val.json }
model: { preset: efficientdet-lite0, weights: null, inputSize: [64, 64], neckChannels: 16, neckRepeats: 1 }
train: { epochs: ${EPOCHS}, batchSize: 2, workers: 0, evaluateEvery: 2, checkpointEvery: 2 }
`;

describe.skipIf(chromiumMissing !== undefined)(
  `a page in Chromium beside a training${chromiumMissing ? ` (${chromiumMissing})` : ''}`,
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'espalier-live-'));
    const watched: Watched = { said: [], outside: [] };
    const trainers: ChildProcess[] = [];
    let server: Dashboard;
    let browser: Browser;

    beforeAll(async () => {
      await drawCells({ out: join(folder, 'sample'), images: 5, seed: 4 });
      writeFileSync(join(folder, 'cells.yaml'), config);
      server = await startDashboard({ root: folder, port: 0, controls: CONTROLS });
      browser = await launchChromium();
    });
    afterAll(async () => {
      for (const trainer of trainers) trainer.kill('SIGKILL');
      await browser?.close();
      await server?.close();
      rmSync(folder, { recursive: true, force: true });
    });

    /** The trainer, and how it ends. */
    function train(...more: readonly string[]) {
      const args = ['train', 'cells.yaml', '--out', 'runs/live', '--engine', 'wasm', '--no-plots', ...more];
      const trainer = spawn(process.execPath, [program, ...args], { cwd: folder, stdio: 'ignore' });
      trainers.push(trainer);
      const ended = new Promise<number | null>((resolve) => trainer.on('exit', resolve));
      return { trainer, ended };
    }

    const open = (): Promise<Page> => openTab(browser, server.url, { width: 1600, colorScheme: 'light' }, watched);
    const stepOf = async (tab: Page): Promise<number> =>
      Number(/step (\d+)/.exec((await tab.locator('#state').textContent()) ?? '')?.[1] ?? -1);
    const state = (tab: Page, text: string): Promise<void> =>
      tab.locator('#state', { hasText: text }).waitFor({ timeout: 60_000 });
    /** What the charts say to those who do not see them: their last values among it. */
    async function described(tab: Page): Promise<readonly (string | null)[]> {
      const found: (string | null)[] = [];
      for (const title of CHARTS) {
        const chart = tab.locator(`section[aria-label="${title}"] [role=img]`).first();
        await scrollTo(chart);
        found.push(await chart.getAttribute('aria-label'));
      }
      return found;
    }

    it('shows it from before its first step, over a pause, its death and its continuation, to its end, and then the same from its log', async () => {
      const tab = await open();
      await state(tab, 'no run yet');
      const first = train();
      await state(tab, 'running');
      await expect.poll(() => stepOf(tab), { timeout: 60_000 }).toBeGreaterThanOrEqual(8); // two evaluations
      await tab.locator('#pause').click();
      await state(tab, 'paused');
      await waitForMarks(tab);
      const galleries = ['Batch as the network sees it', 'Answers on the same images', 'Worst images'];
      for (const title of galleries) {
        const section = tab.locator(`section[aria-label="${title}"]`);
        await scrollTo(section);
        await section.locator('figure img').first().waitFor();
      }
      expect(await stepOf(tab)).toBeLessThan(2 * EPOCHS);

      first.trainer.kill('SIGKILL');
      await first.ended;
      await state(tab, 'stopped');
      expect(await tab.locator('#stop').isVisible()).toBe(false);

      const second = train('--resume');
      await state(tab, 'running');
      await tab.locator('section[aria-label="Log"]', { hasText: 'resumed on wasm' }).waitFor({ timeout: 60_000 });
      expect(await second.ended).toBe(0);
      await state(tab, 'done');
      expect(await stepOf(tab)).toBe(2 * EPOCHS);
      await tab.locator('#axis').selectOption('epoch'); // all is drawn anew
      await tab.locator('#axis').selectOption('step');
      await waitForMarks(tab);

      const replay = await open();
      await state(replay, 'done');
      await waitForMarks(replay);
      await expect.poll(() => described(tab), { timeout: 30_000, interval: 1000 }).toEqual(await described(replay));
      await tab.close();
      await replay.close();
      expect(watched).toEqual({ said: [], outside: [] });
    }, 400_000);
  },
);
