import { createRandom, hashName, type Random } from '../../engine/random.js';
import { createOutline, type Outline, type Polygon, polygonArea, visiblePolygon } from './outline.js';

export const WIDTH = 320;
export const HEIGHT = 240;

/** The three kinds: radius range in pixels, how wavy, points of the polygon, range of how many an image has. */
export const KINDS = [
  { name: 'speck', radius: [6.5, 9], waviness: 0.06, points: 16, count: [1, 6] },
  { name: 'disc', radius: [15, 21], waviness: 0.05, points: 28, count: [2, 8] },
  { name: 'lobed', radius: [38, 48], waviness: 0.09, points: 48, count: [0, 2] },
] as const;

/** One object of the truth, or the many cells of a crowd region. */
export interface Cell {
  /** Position in KINDS. */
  readonly kind: number;
  readonly outlines: readonly Outline[];
  /** Visible parts, one per outline. */
  readonly polygons: readonly Polygon[];
  readonly crowd: boolean;
}

/** Everything in one image, large cells first, as they are painted. */
export interface Scene {
  readonly cells: readonly Cell[];
  /** Stream for background, colours and noise. */
  readonly random: Random;
}

/** Every EMPTY_EVERY-th image has no cell. */
const EMPTY_EVERY = 12;
const EMPTY_AT = 7;
const TRIES = 40;
/** A cell cut by the border shows at least this part. */
const LEAST_VISIBLE = 0.45;
/** Cells may overlap by this fraction of their radii's sum. */
const OVERLAP = 0.05;
const TOUCHING_SHARE = 0.35;
const CROWD_CELLS = 14;
const CROWD_RADIUS = 26;

/**
 * What image `index` shows. Depends on nothing but its arguments.
 *
 * @param crowd whether a crowd of specks is among it; such an image is never empty
 */
export function createScene(seed: number, index: number, crowd: boolean): Scene {
  const random = createRandom([seed, hashName('cells'), index]);
  const placed: Cell[] = [];
  if (crowd) placed.push(crowdOf(createRandom([seed, hashName('crowd'), index])));
  if (crowd || index % EMPTY_EVERY !== EMPTY_AT) {
    for (const kind of [2, 1, 0]) {
      const [least, most] = (KINDS[kind] as (typeof KINDS)[number]).count;
      const wanted = least + random.integer(most - least + 1);
      for (let i = 0; i < wanted; i++) {
        const cell = placeCell(kind, placed, random);
        if (cell !== null) placed.push(cell);
      }
    }
  }
  const area = (cell: Cell) => cell.polygons.reduce((sum, polygon) => sum + polygonArea(polygon), 0);
  return { cells: placed.sort((a, b) => area(b) - area(a)), random };
}

function placeCell(kind: number, placed: readonly Cell[], random: Random): Cell | null {
  const { radius: range, waviness, points } = KINDS[kind] as (typeof KINDS)[number];
  const others = placed.flatMap(({ outlines }) => outlines);
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const radius = random.uniform(range[0], range[1]);
    const [x, y] = choosePlace(radius, others, random);
    const outline = createOutline(x, y, radius, waviness, random);
    const apart = others.every((other) => {
      const distance = Math.sqrt((other.x - x) ** 2 + (other.y - y) ** 2);
      return distance >= (other.radius + radius) * (1 - OVERLAP);
    });
    if (!apart) continue;
    const polygon = visiblePolygon(outline, points, WIDTH, HEIGHT);
    if (polygonArea(polygon) < LEAST_VISIBLE * Math.PI * radius ** 2) continue;
    return { kind, outlines: [outline], polygons: [polygon], crowd: false };
  }
  return null;
}

/** Anywhere, a little beyond the border too; or beside another cell so that they touch. */
function choosePlace(radius: number, others: readonly Outline[], random: Random): readonly [number, number] {
  const free = [random.uniform(0, WIDTH), random.uniform(0, HEIGHT)] as const;
  const neighbour = others[random.integer(Math.max(1, others.length))];
  if (neighbour === undefined || random.next() > TOUCHING_SHARE) return free;
  const angle = random.uniform(0, 2 * Math.PI);
  const distance = (neighbour.radius + radius) * 0.97;
  return [neighbour.x + distance * Math.cos(angle), neighbour.y + distance * Math.sin(angle)];
}

/** Specks too close together to be told apart. */
function crowdOf(random: Random): Cell {
  const { radius: range, waviness, points } = KINDS[0];
  const x = random.uniform(2 * CROWD_RADIUS, WIDTH - 2 * CROWD_RADIUS);
  const y = random.uniform(2 * CROWD_RADIUS, HEIGHT - 2 * CROWD_RADIUS);
  const outlines = Array.from({ length: CROWD_CELLS }, () => {
    const angle = random.uniform(0, 2 * Math.PI);
    const distance = CROWD_RADIUS * Math.sqrt(random.next());
    const radius = random.uniform(range[0], range[1]);
    return createOutline(x + distance * Math.cos(angle), y + distance * Math.sin(angle), radius, waviness, random);
  });
  const polygons = outlines.map((outline) => visiblePolygon(outline, points, WIDTH, HEIGHT));
  return { kind: 0, outlines, polygons, crowd: true };
}
