import { hasGraphs } from './compile.js';
import { EngineError } from './errors.js';

/** Bytes of memory that something is about to take. */
export interface Demand {
  /** By tensors, on the engine. */
  readonly engine: number;
  /** Bytes of the process beside them. */
  readonly host: number;
}

/** Memory that is left. */
export interface Room {
  readonly bytes: number;
  /** After "1.0 GiB ", e.g. 'are free'. */
  readonly words: string;
  /** What has to go into it: the tensors alone, or all. */
  readonly holds: 'tensors' | 'all';
}

const looks = new Map<string, () => Room | null>();

/** Adds a limit that the platform or an engine knows of; null: it holds for another engine than the one that is open. */
export function registerRoom(name: string, look: () => Room | null): void {
  looks.set(name, look);
}

/** What is left of every limit that is known. */
export function roomLeft(): readonly Room[] {
  return [...looks.values()].flatMap((look) => look() ?? []);
}

/** What is asked for, for people. */
export interface Request {
  /** E.g. 'a step'; `of batch 8` follows. */
  readonly what: string;
  /** [height, width] of its images, pixels, which could be made smaller. Absent: nothing is known of it. */
  readonly inputSize?: readonly [height: number, width: number] | undefined;
}

/**
 * Compares what a batch needs with what there is.
 *
 * @param demandOf for a batch of this many
 * @returns        the demand of this batch; null: it is not known, as an op has no estimate on the engine that is open
 * @throws EngineError when memory does not suffice, naming the largest batch that fits, or a smaller input
 */
export function requireRoom(
  { what, inputSize }: Request,
  demandOf: (batch: number) => Demand,
  batch: number,
  rooms: readonly Room[] = roomLeft(),
): Demand | null {
  const demand = demandIfKnown(demandOf, batch);
  if (demand === null) return null;
  const lack = mostLacking(demand, rooms);
  if (lack === null || lack.bytes <= 0) return demand;
  const fits = batch > 1 ? largestFitting(demandOf, rooms, { count: batch, bytes: lack.bytes }) : 0;
  const remedy = fits > 0 ? `batch ${fits} fits` : `not even a batch of 1 fits: ${smaller(demandOf, rooms, inputSize)}`;
  const { room } = lack;
  throw new EngineError(
    `${what} of batch ${batch} needs ${gib(lack.bytes + room.bytes)} GiB more, ${gib(room.bytes)} GiB ${room.words}: ${remedy}`,
  );
}

function demandIfKnown(demandOf: (batch: number) => Demand, batch: number): Demand | null {
  if (hasGraphs()) return demandOf(batch);
  try {
    return demandOf(batch);
  } catch (error) {
    if (error instanceof EngineError) return null;
    throw error;
  }
}

interface Lack {
  readonly room: Room;
  /** Negative where something would be left. */
  readonly bytes: number;
}

function mostLacking({ engine, host }: Demand, rooms: readonly Room[]): Lack | null {
  const lacks = rooms.map((room) => ({ room, bytes: engine + (room.holds === 'all' ? host : 0) - room.bytes }));
  return lacks.reduce<Lack | null>((most, lack) => (most && most.bytes >= lack.bytes ? most : lack), null);
}

/** Few looks find it, as the need grows evenly with the batch: the line through two counts is tried before halving. */
function largestFitting(
  demandOf: (batch: number) => Demand,
  rooms: readonly Room[],
  tooMany: { readonly count: number; readonly bytes: number },
): number {
  const lackOf = (count: number): number => mostLacking(demandOf(count), rooms)?.bytes ?? 0;
  let [low, high] = [{ count: 1, bytes: lackOf(1) }, tooMany];
  if (low.bytes > 0) return 0;
  for (let tries = 0; high.count - low.count > 1; tries++) {
    const gap = high.count - low.count;
    const share = tries < 4 ? -low.bytes / (high.bytes - low.bytes) : 0.5;
    const count = low.count + Math.min(gap - 1, Math.max(1, Math.floor(share * gap)));
    const middle = { count, bytes: lackOf(count) };
    if (middle.bytes <= 0) low = middle;
    else high = middle;
  }
  return low.count;
}

/** Sides of every network's input are multiples of it, pixels. */
const SIDE_STEP = 32;
/** Share of the room that is used, for what does not shrink with the pixels as evenly as the maps do. */
const CARE = 0.9;

/** What a second image adds grows with its pixels, the rest of the first one's need does not. */
function smaller(
  demandOf: (batch: number) => Demand,
  rooms: readonly Room[],
  size: readonly [number, number] | undefined,
): string {
  const shares = rooms.map((room) => {
    const needOf = (batch: number): number => {
      const { engine, host } = demandOf(batch);
      return engine + (room.holds === 'all' ? host : 0);
    };
    const [one, two] = [needOf(1), needOf(2)];
    return (CARE * room.bytes - (2 * one - two)) / (two - one);
  });
  const share = Math.min(1, ...shares);
  const sides = size?.map((side) => Math.floor((side * Math.sqrt(Math.max(0, share))) / SIDE_STEP) * SIDE_STEP);
  if (!sides || Math.min(...sides) < SIDE_STEP) return 'lower the image size or free memory';
  return `with an input of ${sides.join(' x ')} pixels it does`;
}

const gib = (bytes: number): string => (Math.max(0, bytes) / 2 ** 30).toFixed(1);
