import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EspalierError } from '../../engine/errors.js';
import type { DataRoot } from '../paths.js';
import type { Case } from './findCases.js';
import { openVolume, thickestAxis } from './slices.js';

/** What the masks of a case show, once they were read. */
interface Contents {
  /** Values, or names of segments, beside 0. */
  readonly shown: readonly string[];
  /** Share of slices without any, 0..1. */
  readonly empty: number;
}

const kept = new Map<string, Contents>();
const MOST_KEPT = 100_000;
/** Values of one mask that may be classes. */
const MOST_VALUES = 64;
const NOTHING = { shown: [], empty: 1 } as const;

/**
 * By what groups of cases are shared out, so that every split has each alike: the classes that their masks show, and how many of their
 * slices have none, in thirds of the groups. Masks that cannot be read show nothing here, and are told of when they are opened.
 *
 * @returns [groups] names
 */
export async function contentsOf(
  groups: readonly (readonly Case[])[],
  { root, masks }: { readonly root: DataRoot; readonly masks: readonly string[] },
): Promise<readonly (readonly string[])[]> {
  const found: Contents[] = [];
  for (const cases of groups) {
    const contents: Contents[] = [];
    for (const one of cases) contents.push(await caseContents(one, root, masks));
    const empty = contents.reduce((sum, own) => sum + own.empty, 0) / Math.max(1, contents.length);
    found.push({ shown: [...new Set(contents.flatMap(({ shown }) => shown))], empty });
  }
  const order = found.map(({ empty }, i) => [empty, i] as const).sort(([a], [b]) => a - b);
  const third = new Map(order.map(([, i], rank) => [i, Math.floor((3 * rank) / order.length)]));
  return found.map(({ shown }, i) => [...shown, `third ${third.get(i)}`]);
}

async function caseContents(one: Case, root: DataRoot, masks: readonly string[]): Promise<Contents> {
  const parts: Contents[] = [];
  const [image] = one.images;
  const on = image && { path: join(root.path, image.path), isFolder: image.isFolder };
  for (const name of masks) {
    const source = one.masks.get(name);
    if (source === undefined) continue;
    const path = join(root.path, source.path);
    const status = await stat(path).catch(() => null);
    const key = [path, name, status?.size, status?.mtimeMs].join('\0');
    const known = kept.get(key) ?? (await maskContents({ path, isFolder: source.isFolder, ...(on && { on }) }, name));
    if (kept.size < MOST_KEPT) kept.set(key, known);
    parts.push(known);
  }
  return { shown: parts.flatMap(({ shown }) => shown), empty: Math.min(1, ...parts.map(({ empty }) => empty)) };
}

async function maskContents(source: Parameters<typeof openVolume>[0], name: string): Promise<Contents> {
  try {
    const { volume, names } = await openVolume(source, true);
    const values = new Set<number>();
    const { width, height, depth, channels } = volume;
    const axis = thickestAxis(volume);
    const [step, count] = (
      [
        [1, width],
        [width, height],
        [width * height, depth],
      ] as const
    )[axis];
    const filled = new Uint8Array(count);
    for (const [at, value] of volume.data.entries()) {
      if (value === 0) continue;
      filled[Math.floor(at / (channels * step)) % count] = 1;
      if (values.size <= MOST_VALUES) values.add(value);
    }
    const shown = [...values].sort((a, b) => a - b).map((value) => names?.get(value) ?? `${name} ${value}`);
    return { shown, empty: filled.filter((one) => one === 0).length / Math.max(1, count) };
  } catch (error) {
    if (error instanceof EspalierError) return NOTHING;
    throw error;
  }
}
