import { valueAt } from '../../../engine/checked.js';
import type { KeptPictures } from '../../../training/run/index.js';
import type { History, TimedEvent } from '../history.js';
import type { RunRow } from '../runs.js';
import { drawBars, drawConfusion, drawFigures, drawHeat, drawLines, drawTable } from './charts/charts.js';
import { configLines } from './configDiff.js';
import { byId, element } from './dom.js';
import { figureOf, legendOf } from './figures.js';
import { addPanel, type Panel, redraw, touchAll } from './panels.js';
import { createRunsTable } from './runsTable.js';
import { type Axis, gridOf, onGrid, positionOf, positions, smoothed } from './series.js';
import { ask, fetchConfig, fetchPictureSteps, fetchPictures, fetchRuns, follow, pictureAddress } from './server.js';

/** A run that is shown. */
interface Shown {
  history: History | null;
  isConnected: boolean;
  readonly close: () => void;
}

let rows: readonly RunRow[] = [];
/** Chosen runs, the first of them in detail. */
const shown = new Map<string, Shown>();
/** Runs whose lines are legible together. */
const MOST_SHOWN = 6;
const AXES: { readonly [axis in Axis]: string } = { step: 'step', seconds: 'seconds', epoch: 'epoch' };

const axis = (): Axis => (byId('axis') as HTMLSelectElement).value as Axis;
const smoothing = (): number => Number((byId('smoothing') as HTMLInputElement).value);
const first = (): { readonly id: string; readonly history: History } | null => {
  for (const [id, { history }] of shown) if (history) return { id, history };
  return null;
};
const prefix = (id: string): string => (shown.size > 1 ? `${id} ` : '');

/** A chart that is made once in a panel's body. */
function chartIn(body: HTMLElement, className = 'chart'): HTMLElement {
  const found = body.querySelector<HTMLElement>(`:scope > .${className}`);
  if (found) return found;
  const made = element('div', { class: className });
  body.append(made);
  return made;
}

/** A sentence that is made once in a panel's body, below what is there. */
function noteIn(body: HTMLElement, text: string): void {
  const note = body.querySelector('.note') ?? body.appendChild(element('p', { class: 'note' }));
  note.textContent = text;
}

type StepFigure = { readonly name: string; readonly of: (step: History['steps'][number]) => number };

/** Lines of figures of steps, of every run that is shown. */
async function stepLines(
  body: HTMLElement,
  title: string,
  figures: (history: History) => readonly StepFigure[],
  weight: number,
): Promise<boolean> {
  const runs = [...shown].flatMap(([id, { history }]) =>
    history && history.steps.length > 0 ? [{ id, history, x: positions(history, axis()) }] : [],
  );
  if (runs.length === 0) return false;
  const grid = gridOf(runs.map(({ x }) => x));
  const series = runs.flatMap(({ id, history, x }) =>
    figures(history).map(({ name, of }) => ({
      name: prefix(id) + name,
      y: onGrid(grid, x, smoothed(history.steps.map(of), weight)),
    })),
  );
  await drawLines(chartIn(body), { title, x: grid, xLabel: AXES[axis()], series: series.slice(0, 12) });
  return true;
}

function addStepPanel(title: string, figures: (history: History) => readonly StepFigure[], isSmoothed = true): Panel {
  return addPanel(title, (body) => stepLines(body, title, figures, isSmoothed ? smoothing() : 0));
}

const numbersOf = (report: unknown): { readonly [name: string]: number } =>
  Object.fromEntries(
    Object.entries(Object(report)).filter((pair): pair is [string, number] => typeof pair[1] === 'number'),
  );

const figureText = (value: number | undefined): string =>
  value === undefined ? '' : Number.isInteger(value) ? String(value) : value.toFixed(4);

/** Score of each class by name, whatever the report calls it: a list of rows, or a table by name. */
function classScores(report: unknown): readonly { readonly index: string; readonly value: number }[] {
  const { perClass, perClassIoU } = Object(report) as { perClass?: unknown; perClassIoU?: unknown };
  const list = Array.isArray(perClass)
    ? perClass.map((row) => [Object(row).name, Object(row).AP ?? Object(row).f1])
    : Object.entries(Object(perClassIoU));
  return list.flatMap(([name, value]) => (typeof value === 'number' ? [{ index: String(name), value }] : []));
}

/** The figure that chooses the best checkpoint: the first of the report. */
function headline(history: History) {
  const values = history.evaluations.flatMap((event) => {
    const [pair] = Object.entries(numbersOf(event.report));
    return pair ? [{ name: pair[0], value: pair[1], event }] : [];
  });
  const best = values.reduce<(typeof values)[number] | null>((a, b) => (a === null || b.value > a.value ? b : a), null);
  return { values, best };
}

let classNames: readonly string[] = [];
function namesOf(config: unknown, history: History): readonly string[] {
  const scores = history.evaluations.at(-1)?.report;
  const { perClass, perClassIoU } = Object(scores);
  const measured = Array.isArray(perClass)
    ? perClass.map((row) => String(Object(row).name))
    : Object.keys(Object(perClassIoU));
  const { classes } = Object(Object(config).data);
  return measured.length > 0 ? measured : Array.isArray(classes) ? classes.map(String) : [];
}

const runsPanel = addPanel('Runs', () => true, { isWide: true, isLive: false });
const table = createRunsTable(runsPanel.body, (id, isOn) => (isOn ? open(id) : close(id)));

addStepPanel('Loss by term', ({ last }) =>
  Object.keys(last?.losses ?? {}).map((name) => ({ name, of: (step) => step.losses[name] ?? Number.NaN })),
);

addPanel('Headline', async (body) => {
  const runs = [...shown].flatMap(([id, { history }]) =>
    history && history.evaluations.length > 0 ? [{ id, history, ...headline(history) }] : [],
  );
  const [lead] = runs;
  if (!lead) return false;
  const x = runs.map(({ history, values }) => values.map(({ event }) => positionOf(history, axis(), event)));
  const grid = gridOf(x);
  const series = runs.map(({ id, values }, i) => ({
    name: prefix(id) + (values[0]?.name ?? ''),
    y: onGrid(
      grid,
      valueAt(x, i),
      values.map(({ value }) => value),
    ),
  }));
  const { best, history } = lead;
  const point = best && { x: positionOf(history, axis(), best.event), y: best.value };
  await drawLines(chartIn(body), { title: 'Headline', x: grid, xLabel: AXES[axis()], series, best: point });
  noteIn(body, best ? `best: ${best.name} ${best.value.toFixed(4)} after step ${best.event.step}` : '');
  return true;
});

addPanel('Figures at evaluations', async (body) => {
  const evaluations = first()?.history.evaluations ?? [];
  const names = Object.entries(numbersOf(evaluations.at(-1)?.report))
    .filter(([, value]) => value <= 1) // what counts something is told in the table
    .map(([name]) => name)
    .slice(0, 3);
  if (names.length === 0) return false;
  const figures = Object.fromEntries(
    names.map((name) => [name, evaluations.map(({ report }) => numbersOf(report)[name] ?? 0)]),
  );
  await drawFigures(
    chartIn(body),
    evaluations.map(({ step }) => step),
    figures,
  );
  return true;
});

addPanel('All figures', (body) => {
  const evaluations = first()?.history.evaluations.slice(-12).reverse() ?? []; // the last one is in sight
  const names = Object.keys(numbersOf(evaluations[0]?.report));
  if (names.length === 0) return false;
  const wrap = chartIn(body, 'scroll');
  drawTable(
    wrap,
    ['figure', ...evaluations.map(({ step }) => `step ${step}`)],
    names.map((name) => [name, ...evaluations.map(({ report }) => figureText(numbersOf(report)[name]))]),
  );
  return true;
});

addPanel('Score of each class', async (body) => {
  const scores = classScores(first()?.history.evaluations.at(-1)?.report).slice(0, 80);
  if (scores.length === 0) return false;
  await drawBars(chartIn(body), 'score', scores);
  return true;
});

addPanel('Classes over evaluations', async (body) => {
  const evaluations = first()?.history.evaluations.slice(-40) ?? [];
  const names = classScores(evaluations.at(-1)?.report)
    .map(({ index }) => index)
    .slice(0, 60);
  if (names.length < 2 || evaluations.length < 2) return false;
  const values = evaluations.map(({ report }) => {
    const scores = new Map(classScores(report).map(({ index, value }) => [index, value]));
    return names.map((name) => scores.get(name) ?? 0);
  });
  await drawHeat(
    chartIn(body),
    'score of each class at each evaluation',
    evaluations.map(({ step }) => String(step)),
    names,
    values,
  );
  return true;
});

addStepPanel('Learning rate', () => [{ name: 'rate', of: ({ learningRate }) => learningRate }], false);
addStepPanel('Gradient norm', () => [{ name: 'norm', of: ({ gradientNorm }) => gradientNorm }]);
addPanel('Milliseconds of a step', async (body) => {
  const compiled = ({ start }: History): number => (start?.step ?? 0) + 1;
  const figures = (history: History): readonly StepFigure[] =>
    (['data', 'compute', 'host'] as const).map((name) => ({
      name,
      of: ({ step, ms }) => (step === 1 || step === compiled(history) ? Number.NaN : ms[name]),
    }));
  const isShown = await stepLines(body, 'Milliseconds of a step', figures, smoothing());
  noteIn(body, 'The first step, which is compiled, is left out.');
  return isShown;
});

addPanel('Memory', async (body) => {
  const history = first()?.history;
  const measured = history?.memory.flatMap((event) => (event.kind === 'measured' ? [event] : [])) ?? [];
  if (!history || measured.length === 0) return false;
  const x = measured.map((event) => positionOf(history, axis(), event));
  const grid = gridOf([x]);
  await drawLines(chartIn(body), {
    title: 'Memory',
    x: grid,
    xLabel: AXES[axis()],
    series: [
      {
        name: 'peak GiB',
        y: onGrid(
          grid,
          x,
          measured.map(({ peakBytes }) => peakBytes / 2 ** 30),
        ),
      },
    ],
    zero: true,
  });
  return true;
});

addPanel('Energy', async (body) => {
  const history = first()?.history;
  const used = history?.energy ?? [];
  const last = used.at(-1);
  if (!history || !last) return false;
  const x = used.map((event) => positionOf(history, axis(), event));
  const grid = gridOf([x]);
  await drawLines(chartIn(body), {
    title: 'Energy',
    x: grid,
    xLabel: AXES[axis()],
    series: [
      {
        name: 'kWh',
        y: onGrid(
          grid,
          x,
          used.map(({ kilowattHours }) => kilowattHours),
        ),
      },
    ],
    zero: true,
  });
  const source = last.source === 'RAPL' ? 'measured' : 'estimated';
  noteIn(body, `${last.kilowattHours.toPrecision(3)} kWh, ${source}: ${last.formula}`);
  return true;
});

addPanel('Confusion', async (body) => {
  const run = first()?.id;
  if (run === undefined) return false;
  const step = (await fetchPictureSteps(run)).answers.at(-1);
  const confusion = step === undefined ? undefined : (await picturesAt(run, `answers-${step}`)).confusion;
  if (!confusion || classNames.length === 0 || classNames.length > 40) return false;
  const names = confusion.length > classNames.length ? [...classNames, 'nothing'] : classNames;
  await drawConfusion(chartIn(body), names, confusion);
  return true;
});

/** The step of a slider that follows the newest until it is moved. */
function sliderOver(body: HTMLElement, label: string, steps: readonly number[], onMove: () => void): number {
  let input = body.querySelector<HTMLInputElement>('input[type=range]');
  const output = body.querySelector('output') ?? element('output');
  if (!input) {
    input = element('input', { type: 'range', min: '0', max: '0', step: '1', value: '0', 'aria-label': label });
    input.addEventListener('input', onMove);
    body.prepend(element('label', {}, 'after ', input, ' ', output));
  }
  const wasLast = input.value === input.max;
  input.max = String(steps.length - 1);
  if (wasLast) input.value = input.max;
  const step = steps[Number(input.value)] ?? steps.at(-1)!;
  output.textContent = `step ${step}`;
  return step;
}

const cache = new Map<string, KeptPictures>();
async function picturesAt(run: string, name: string): Promise<KeptPictures> {
  const key = `${run} ${name}`;
  const found = cache.get(key) ?? (await fetchPictures(run, `${name}.json`));
  if (cache.size > 60) cache.clear();
  cache.set(key, found);
  return found;
}

function gallery(body: HTMLElement, run: string, pictures: KeptPictures['pictures']): void {
  const figures = pictures.map((picture) => figureOf(picture, pictureAddress(run, picture.file), classNames));
  const box = body.querySelector('.gallery') ?? body.appendChild(element('div', { class: 'gallery' }));
  box.replaceChildren(legendOf(classNames), element('div', { class: 'pictures' }, ...figures));
}

function addGallery(
  title: string,
  note: string,
  kind: 'batches' | 'answers',
  of: (kept: KeptPictures) => KeptPictures['pictures'] | undefined,
): Panel {
  const panel: Panel = addPanel(
    title,
    async (body) => {
      const run = first()?.id;
      if (run === undefined) return false;
      const steps = (await fetchPictureSteps(run))[kind];
      if (steps.length === 0) return false;
      noteIn(body, note);
      const step = sliderOver(body, title.toLowerCase(), steps, () => panel.touch());
      const pictures = of(await picturesAt(run, `${kind === 'batches' ? 'batch' : 'answers'}-${step}`)) ?? [];
      gallery(body, run, pictures);
      return pictures.length > 0;
    },
    { isWide: true, isLive: false },
  );
  return panel;
}

addGallery(
  'Batch as the network sees it',
  'After augmentation; what stands on it was decoded back from the targets.',
  'batches',
  ({ pictures }) => pictures,
);
addGallery(
  'Answers on the same images',
  'Truths are dashed in white, answers in the colour of their class; pixels of a wrong class are magenta.',
  'answers',
  ({ pictures }) => pictures,
);
addGallery('Worst images', 'Those with the largest share answered wrongly.', 'answers', ({ worst }) => worst);

addPanel('Log', (body) => {
  const history = first()?.history;
  if (!history) return false;
  const lines = history.notes
    .slice(-100)
    .map((event) =>
      element(
        'div',
        event.event === 'warning' ? { class: 'warning' } : {},
        `${event.time.slice(11, 19)} step ${event.step}: ${describe(event)}`,
      ),
    );
  if (history.unreadable > 0)
    lines.push(element('div', { class: 'warning' }, `${history.unreadable} lines of the log could not be read`));
  const log = element('pre', { class: 'scroll', tabindex: '0' }, ...lines);
  body.replaceChildren(log);
  log.scrollTop = log.scrollHeight;
  return true;
});

function describe(event: History['notes'][number]): string {
  if (event.event === 'warning') return `warning: ${event.message}`;
  if (event.event === 'checkpoint') return `${event.kind} checkpoint written`;
  if (event.event === 'stop') return `ended: ${event.reason}`;
  if ('engine' in event)
    return `${event.event === 'start' ? 'began' : 'resumed'} on ${event.engine}, ${event.steps} steps planned`;
  return event.event === 'pause' ? 'paused' : 'going on';
}

addPanel('Config', async (body) => {
  const [run, other] = [...shown.keys()];
  if (run === undefined) return false;
  const configs = await Promise.all([run, ...(other === undefined ? [] : [other])].map(fetchConfig));
  body.replaceChildren(
    element('div', { class: 'scroll', tabindex: '0' }, configLines(configs[0], configs[1], [run, other ?? ''])),
  );
  return true;
});

function sayState(): void {
  const [run] = shown.keys();
  const lead = run === undefined ? undefined : shown.get(run);
  const { history, isConnected } = lead ?? {};
  byId('title').textContent = run ?? '';
  const row = rows.find(({ id }) => id === run);
  const lastNote = history?.notes.at(-1)?.event;
  const isAlive = (row?.state === 'running' || row?.state === 'paused') && lastNote !== 'stop';
  const isPaused = isAlive && lastNote === 'pause';
  byId('stop').hidden = !isAlive;
  byId('pause').hidden = !isAlive || isPaused;
  byId('resume').hidden = !isPaused;
  if (!history) byId('state').textContent = rows.length === 0 ? 'no run yet' : 'loading';
  else {
    const { last, start } = history;
    const loss = last?.losses.total;
    const parts = [
      isConnected === false
        ? 'connection lost, trying again'
        : isPaused
          ? 'paused'
          : isAlive
            ? 'running'
            : (row?.state ?? ''),
      `step ${last?.step ?? 0} of ${start?.steps ?? '?'}`,
    ];
    if (loss !== undefined) parts.push(`loss ${loss.toPrecision(4)}`);
    if (asked !== '') parts.push(asked);
    byId('state').textContent = parts.join(' \u00b7 ');
  }
}

async function nameClasses(id: string, history: History): Promise<void> {
  const config = await fetchConfig(id);
  if (id !== first()?.id) return;
  const names = namesOf(config, history);
  if (names.join('\n') === classNames.join('\n')) return;
  classNames = names;
  redraw(); // what shows classes waits for their names
}

function open(id: string): void {
  if (shown.has(id) || shown.size >= MOST_SHOWN) return;
  const entry: Shown = {
    history: null,
    isConnected: true,
    close: follow(id, (history, isConnected, news) => {
      const isNew = entry.history !== history;
      Object.assign(entry, { history, isConnected });
      if (news.some(({ event }) => ANSWERS.includes(event))) asked = '';
      const isMeasured = news.some(({ event }) => event === 'evaluation');
      if (isNew || (isMeasured && classNames.length === 0)) void nameClasses(id, history);
      sayState();
      const isWaitedFor = isMeasured || news.some(({ event, step }) => event === 'stop' || step === 1);
      if (isNew || isWaitedFor) redraw();
      else touchAll();
    }),
  };
  shown.set(id, entry);
  table.show(rows, new Set(shown.keys()));
}

function close(id: string): void {
  shown.get(id)?.close();
  shown.delete(id);
  [classNames] = [[]];
  table.show(rows, new Set(shown.keys()));
  sayState();
  redraw();
}

/** Milliseconds between two looks at the folder. */
const RUNS_EVERY = 5000;

async function lookForRuns(): Promise<void> {
  try {
    rows = await fetchRuns();
    const newest = [...rows].sort((a, b) => String(b.began).localeCompare(String(a.began)))[0];
    if (shown.size === 0 && newest) open(newest.id);
    table.show(rows, new Set(shown.keys()));
    sayState();
  } catch {
    byId('state').textContent = 'connection lost, trying again';
  }
}

byId('axis').addEventListener('change', redraw);
byId('smoothing').addEventListener('input', () => {
  byId('smoothingValue').textContent = smoothing().toFixed(2);
  redraw();
});
/** What was asked, until the run's log says that it was done. */
let asked = '';
/** What follows on what was asked; a warning: why it is not done. */
const ANSWERS: readonly TimedEvent['event'][] = ['pause', 'continue', 'stop', 'warning'];
for (const control of ['pause', 'resume', 'stop'] as const) {
  byId(control).addEventListener('click', async () => {
    const [run] = shown.keys();
    if (run === undefined) return;
    asked = await ask(control, run);
    sayState();
  });
}
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
let width = 0;
new ResizeObserver(([entry]) => {
  const now = Math.round(entry?.contentRect.width ?? 0);
  if (now !== width) redraw();
  width = now;
}).observe(byId('panels'));
void lookForRuns();
setInterval(() => document.hidden || void lookForRuns(), RUNS_EVERY);
