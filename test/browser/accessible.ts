import type { Page } from 'playwright-core';

/**
 * What people with weak eyes, a screen reader or no mouse miss on a page: text of less contrast than WCAG 2.2 AA asks (4.5; 3 of large
 * text), controls and images without a name, and what scrolls but takes no focus.
 */
export function findBarriers(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    type Color = readonly [r: number, g: number, b: number, a: number];
    const parse = (text: string): Color => {
      const [r = 0, g = 0, b = 0, a = 1] = (text.match(/[\d.]+/g) ?? []).map(Number);
      return [r, g, b, a];
    };
    const over = (top: Color, below: Color): Color => {
      const mix = (i: 0 | 1 | 2): number => top[i] * top[3] + below[i] * (1 - top[3]);
      return [mix(0), mix(1), mix(2), 1];
    };
    const backgroundOf = (element: Element): Color => {
      const drawing = element.closest('svg');
      const { left, right, top, bottom } = element.getBoundingClientRect();
      const [x, y] = [(left + right) / 2, (top + bottom) / 2];
      const cell = [...(drawing?.querySelectorAll('.mark-rect path') ?? [])].find((path) => {
        const box = path.getBoundingClientRect();
        return box.left <= x && x <= box.right && box.top <= y && y <= box.bottom;
      });
      const plate = cell ?? drawing?.querySelector(':scope > rect[fill]'); // what a plot stands on
      if (plate) return parse(getComputedStyle(plate).fill);
      const layers: Color[] = [];
      for (let at: Element | null = element; at !== null; at = at.parentElement) {
        const color = parse(getComputedStyle(at).backgroundColor);
        layers.push(color);
        if (color[3] === 1) break;
      }
      const isDark = matchMedia('(prefers-color-scheme: dark)').matches;
      const page: Color = isDark ? [18, 18, 18, 1] : [255, 255, 255, 1];
      return layers.reduceRight((below, layer) => over(layer, below), page);
    };
    const luminance = ([r, g, b]: Color): number => {
      const [x = 0, y = 0, z = 0] = [r, g, b].map((v) => (v <= 10 ? v / 3294 : ((v / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const isShown = (element: Element): boolean =>
      element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
    const found = new Set<string>();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const element = node.parentElement;
      const text = node.textContent?.trim() ?? '';
      if (
        !element ||
        text === '' ||
        /^(?:script|style|option|noscript|title|desc)$/i.test(element.tagName) ||
        !isShown(element)
      )
        continue;
      if (element.closest('.overlay, [aria-hidden=true], :disabled')) continue;
      const style = getComputedStyle(element);
      const isDrawn = element instanceof SVGElement;
      const background = backgroundOf(element);
      const ink = over(parse(isDrawn ? style.fill : style.color), background);
      const [light, dark] = [luminance(ink), luminance(background)].sort((a, b) => b - a) as [number, number];
      const ratio = (light + 0.05) / (dark + 0.05);
      const size = Number.parseFloat(style.fontSize);
      const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      if (ratio < (isLarge ? 3 : 4.5)) found.add(`contrast ${ratio.toFixed(2)} of '${text.slice(0, 30)}'`);
    }
    for (const control of document.querySelectorAll('button, input, select, [role=button], a')) {
      if (!isShown(control)) continue;
      const label =
        control instanceof HTMLInputElement || control instanceof HTMLSelectElement
          ? control.labels?.[0]?.textContent
          : '';
      const name = control.getAttribute('aria-label') || control.textContent?.trim() || label?.trim();
      if (!name) found.add(`no name: ${control.outerHTML.slice(0, 80)}`);
    }
    for (const image of document.querySelectorAll('img'))
      if (!image.hasAttribute('alt')) found.add(`no alt: ${image.outerHTML.slice(0, 80)}`);
    for (const box of document.querySelectorAll<HTMLElement>('*')) {
      const { overflowX, overflowY } = getComputedStyle(box);
      const scrolls =
        (/auto|scroll/.test(overflowX) && box.scrollWidth > box.clientWidth + 1) ||
        (/auto|scroll/.test(overflowY) && box.scrollHeight > box.clientHeight + 1);
      const inside = box.querySelector('button, input, select, a[href], [tabindex]');
      if (scrolls && box.tabIndex < 0 && inside === null && box !== document.documentElement)
        found.add(`scrolls without focus: ${box.outerHTML.slice(0, 80)}`);
    }
    return [...found];
  });
}
