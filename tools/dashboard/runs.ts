import { type Dirent, existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, join, relative, sep } from 'node:path';
import { ConfigError } from '../../engine/errors.js';
import { openRegular } from '../../engine/files/read.js';
import { holderOf, runFolder } from '../../training/run/index.js';
import { eventOf, type TimedEvent } from './history.js';

/** A row of the table of runs. */
export interface RunRow {
  /** What the page asks for it by: its path below the folder that is shown. */
  readonly id: string;
  readonly name: string;
  readonly state: 'running' | 'paused' | 'done' | 'stopped';
  /** When it began; null: its log is empty. */
  readonly began: string | null;
  /** Completed steps, and those planned. */
  readonly step: number;
  readonly steps: number;
  readonly loss: number | null;
  /** Numeric figures of the last evaluation. */
  readonly figures: { readonly [name: string]: number };
}

/** Runs that are listed, and levels of folders that are searched. */
const [MOST, DEPTH] = [1000, 4];

/**
 * The runs at and below a folder: what holds a log of events.
 *
 * @returns their folders by id; ids are looked up, never joined to a path
 * @throws ConfigError when there is none
 */
export function findRuns(root: string): ReadonlyMap<string, string> {
  if (!existsSync(root)) throw new ConfigError(`${root}: there is no such folder: give that of a run, or of several`);
  const found = new Map<string, string>();
  const search = (folder: string, depth: number): void => {
    if (found.size >= MOST) return;
    if (existsSync(runFolder(folder).events)) {
      found.set(relative(root, folder).split(sep).join('/') || basename(realpathSync(root)), folder);
      return;
    }
    if (depth === 0) return;
    for (const entry of entriesOf(folder)) if (entry.isDirectory()) search(join(folder, entry.name), depth - 1);
  };
  search(root, DEPTH);
  return found;
}

function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** Read from the two ends of its log alone. */
export function describeRun(id: string, folder: string): RunRow {
  const { events, lock } = runFolder(folder);
  const { first, last } = endsOf(events);
  const start = first[0];
  const begun = start?.event === 'start' || start?.event === 'resume' ? start : null;
  const newest = <Name extends TimedEvent['event']>(name: Name) =>
    last.findLast((event): event is Extract<TimedEvent, { event: Name }> => event.event === name);
  const step = newest('step');
  const stop = newest('stop');
  const report = newest('evaluation')?.report;
  const ended = last.at(-1)?.event === 'stop' ? stop : undefined;
  return {
    id,
    name: id,
    state: ended ? (ended.reason === 'interrupted' ? 'stopped' : 'done') : stateOf(lock, last),
    began: start?.time ?? null,
    step: last.at(-1)?.step ?? 0,
    steps: begun?.steps ?? 0,
    loss: step?.losses.total ?? null,
    figures: Object.fromEntries(
      Object.entries(Object(report)).filter((pair): pair is [string, number] => typeof pair[1] === 'number'),
    ),
  };
}

/** State of a run whose log has no end. */
function stateOf(lock: string, last: readonly TimedEvent[]): RunRow['state'] {
  if (holderOf(lock) === null) return 'stopped';
  return last.findLast(({ event }) => event === 'step' || event === 'pause' || event === 'continue')?.event === 'pause'
    ? 'paused'
    : 'running';
}

/** Bytes at each end: an evaluation of many classes is a long line. */
const END = 2 ** 17;

interface Ends {
  readonly first: readonly TimedEvent[];
  readonly last: readonly TimedEvent[];
}

/** Ends of logs as they were read last: of a hundred runs few have grown. */
const known = new Map<string, { readonly version: string; readonly ends: Ends }>();

function endsOf(file: string): Ends {
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found?.isFile()) return { first: [], last: [] };
  const version = `${found.ino} ${found.size} ${found.mtimeMs}`;
  const before = known.get(file);
  if (before?.version === version) return before.ends;
  const ends = readEnds(file);
  if (known.size >= MOST) known.clear();
  known.set(file, { version, ends });
  return ends;
}

function readEnds(file: string): Ends {
  const log = openRegular(file, {
    maxBytes: Number.MAX_SAFE_INTEGER,
    refuse: (problem) => new ConfigError(`${file}: ${problem}`),
  });
  try {
    const first = eventsIn(log.view(0, Math.min(log.size, 4096))).slice(0, 1);
    const last = eventsIn(log.view(Math.max(0, log.size - END), END));
    return { first, last: newestOf(last) };
  } finally {
    log.close();
  }
}

/** The last event of each kind in their order: what a row is made of. */
const newestOf = (events: readonly TimedEvent[]): readonly TimedEvent[] =>
  events.filter(({ event }, i) => events.findLastIndex((other) => other.event === event) === i);

/** Lines that are whole; what is cut at an end is no JSON. */
function eventsIn(bytes: Uint8Array): readonly TimedEvent[] {
  return new TextDecoder()
    .decode(bytes)
    .split('\n')
    .flatMap((line) => eventOf(line) ?? []);
}
