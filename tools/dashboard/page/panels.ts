import { byId, element } from './dom.js';

/** A part of the page that is drawn when it is in sight and something changed. */
export interface Panel {
  readonly section: HTMLElement;
  readonly body: HTMLElement;
  /** Something changed. */
  touch(): void;
}

export interface PanelOptions {
  /** Across the whole page. */
  readonly isWide?: boolean;
  /** Drawn again whenever an event comes. */
  readonly isLive?: boolean;
}

/** Milliseconds between two drawings, at least and at most. */
const [EVERY, LONGEST] = [1500, 60_000];
/** How much longer than a drawing takes the page rests, as training has the processor: drawing takes a two-hundredth of its cores. */
const REST = 200 / Math.max(1, navigator.hardwareConcurrency);

const panels = new Set<{
  dirty: boolean;
  visible: boolean;
  readonly isLive: boolean;
  readonly draw: () => Promise<void> | void;
}>();
let timer: ReturnType<typeof setTimeout> | null = null;

/** @param draw fills the body; false hides the panel, as there is nothing to show */
export function addPanel(
  title: string,
  draw: (body: HTMLElement) => Promise<boolean> | boolean,
  { isWide = false, isLive = true }: PanelOptions = {},
): Panel {
  const body = element('div');
  const heading = element('h2', {}, title);
  const section = element(
    'section',
    isWide ? { class: 'wide', 'aria-label': title } : { 'aria-label': title },
    heading,
    body,
  );
  // Hidden until it has something to show, so that all are drawn once: one that is drawn only in sight moves those below it.
  section.hidden = true;
  byId('panels').append(section);
  let isInSight = true;
  const panel = {
    dirty: true,
    /** What is hidden has nowhere to be out of sight: whether there is something to show now, drawing tells. */
    get visible() {
      return isInSight || section.hidden === true;
    },
    isLive,
    draw: async () => {
      section.hidden = false; // a chart asks how wide it is
      section.hidden = !(await draw(body));
    },
  };
  panels.add(panel);
  new IntersectionObserver((entries) => {
    isInSight = entries.some(({ isIntersecting }) => isIntersecting);
    if (isInSight && panel.dirty && performance.now() - scrolledAt < EVERY) hurry();
  }).observe(section);
  plan(0);
  return {
    section,
    body,
    touch: () => {
      panel.dirty = true;
      plan(EVERY);
    },
  };
}

/** Something that all may show has changed; pictures, which seldom do, are touched by themselves. */
export function touchAll(): void {
  for (const panel of panels) panel.dirty ||= panel.isLive;
  plan(EVERY);
}

/** All are drawn anew at once: another run was chosen, or the window changed. */
export function redraw(): void {
  for (const panel of panels) panel.dirty = true;
  hurry();
}

/** Panels come into sight by scrolling, which somebody does who waits for them, or because one above them got smaller. */
let scrolledAt = Number.NEGATIVE_INFINITY;
addEventListener('scroll', () => (scrolledAt = performance.now()), { capture: true, passive: true });

/** Somebody waits for it. */
function hurry(): void {
  isUrgent = true;
  if (timer !== null) clearTimeout(timer);
  [timer, restedAt] = [null, 0];
  plan(0);
}

/** One drawing after the other: of two at once the older could end last. */
let isDrawing = false;
let isUrgent = false;
/** When the page has rested enough, on the clock of `performance.now`. */
let restedAt = 0;

function plan(delay: number): void {
  if (!isDrawing) timer ??= setTimeout(() => void drawDue(), Math.max(delay, restedAt - performance.now()));
}

const nextFrame = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

async function drawDue(): Promise<void> {
  const started = performance.now();
  [timer, isDrawing, isUrgent] = [null, true, false];
  for (const panel of document.hidden ? [] : panels) {
    if (!panel.dirty || !panel.visible) continue;
    panel.dirty = false;
    await nextFrame(); // the page answers in between
    try {
      await panel.draw();
    } catch (error) {
      console.error(error);
    }
  }
  isDrawing = false;
  const ended = performance.now();
  restedAt = isUrgent ? 0 : ended + Math.min(LONGEST, Math.max(EVERY, (ended - started) * REST));
  if ([...panels].some(({ dirty, visible }) => dirty && visible)) plan(0);
}

document.addEventListener('visibilitychange', () => plan(0));
