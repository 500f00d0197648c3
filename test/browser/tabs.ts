import type { Browser, Locator, Page } from 'playwright-core';

/** Panels of the page of runs that are charts, of a run that was measured twice. */
export const CHARTS = [
  'Loss by term',
  'Headline',
  'Figures at evaluations',
  'Score of each class',
  'Classes over evaluations',
  'Learning rate',
  'Gradient norm',
  'Milliseconds of a step',
  'Memory',
  'Energy',
  'Confusion',
] as const;

/** What pages of a test said, and asked of others than the server they came from. */
export interface Watched {
  readonly said: string[];
  readonly outside: string[];
}

export interface TabOptions {
  readonly width: number;
  readonly colorScheme: 'light' | 'dark';
}

/** A tab that keeps what it says and what it asks of others. */
export async function openTab(
  browser: Browser,
  url: string,
  { width, colorScheme }: TabOptions,
  { said, outside }: Watched,
): Promise<Page> {
  const tab = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
  tab.on('console', (message) => said.push(message.text()));
  tab.on('pageerror', (error) => said.push(String(error)));
  tab.on('dialog', (dialog) => said.push(`dialog ${dialog.message()}`));
  tab.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== 'data:' && origin !== new URL(url).origin) outside.push(request.url());
  });
  await tab.goto(url);
  return tab;
}

/** Waits until there are lines, bars or cells in every chart. */
export async function waitForMarks(tab: Page, titles: readonly string[] = CHARTS): Promise<void> {
  for (const title of titles) {
    const section = tab.locator(`section[aria-label="${title}"]`);
    await section.waitFor({ timeout: 60_000 }); // hidden as long as there is nothing to show
    await scrollTo(section);
    await section
      .locator('svg .mark-line path, svg .mark-rect path, svg .mark-symbol path')
      .first()
      .waitFor({ state: 'attached', timeout: 20_000 });
  }
}

/** At once: Playwright's own waits until nothing moves, which a page that is being drawn may not do for long. */
export function scrollTo(place: Locator): Promise<void> {
  return place.evaluate((element) => element.scrollIntoView({ block: 'center' }));
}
