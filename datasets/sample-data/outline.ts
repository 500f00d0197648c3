import type { Random } from '../../engine/random.js';

/** The edge of a cell: an ellipse with a few waves. */
export interface Outline {
  /** Centre, pixels; may lie outside the image. */
  readonly x: number;
  readonly y: number;
  /** Mean radius, pixels. */
  readonly radius: number;
  /** Waves around the edge, as fractions of the radius; turns per round = position + 2. */
  readonly waves: readonly { readonly height: number; readonly phase: number }[];
}

/** x0 y0 x1 y1 ..., pixels. */
export type Polygon = readonly number[];

export function createOutline(x: number, y: number, radius: number, waviness: number, random: Random): Outline {
  const waves = [1, 0.6, 0.4].map((share) => ({
    height: random.uniform(0.3, 1) * share * waviness,
    phase: random.uniform(0, 2 * Math.PI),
  }));
  return { x, y, radius, waves };
}

/** Distance from the centre to the edge in a direction, pixels. */
export function edgeDistance({ radius, waves }: Outline, angle: number): number {
  const waved = waves.reduce((sum, { height, phase }, i) => sum + height * Math.cos((i + 2) * angle + phase), 1);
  return radius * waved;
}

/** The part of the outline inside the image, with hundredths of a pixel; empty when nothing is. */
export function visiblePolygon(outline: Outline, points: number, width: number, height: number): Polygon {
  const corners = Array.from({ length: points }, (_, i): readonly [number, number] => {
    const angle = (2 * Math.PI * i) / points;
    const distance = edgeDistance(outline, angle);
    return [outline.x + distance * Math.cos(angle), outline.y + distance * Math.sin(angle)];
  });
  const sides = [
    ([x]: readonly [number, number]) => x,
    ([x]: readonly [number, number]) => width - x,
    ([, y]: readonly [number, number]) => y,
    ([, y]: readonly [number, number]) => height - y,
  ];
  return sides.reduce(cutAtSide, corners).flatMap((corner) => corner.map((value) => Math.round(value * 100) / 100));
}

/** Square pixels enclosed (shoelace formula). */
export function polygonArea(polygon: Polygon): number {
  let twice = 0;
  for (let i = 0; i < polygon.length; i += 2) {
    const next = (i + 2) % polygon.length;
    twice += (polygon[i] as number) * (polygon[next + 1] as number);
    twice -= (polygon[next] as number) * (polygon[i + 1] as number);
  }
  return Math.abs(twice) / 2;
}

/** x1 y1 x2 y2 around polygons. */
export function boxAround(polygons: readonly Polygon[]): readonly [number, number, number, number] {
  const values = polygons.flat();
  const xs = values.filter((_, i) => i % 2 === 0);
  const ys = values.filter((_, i) => i % 2 === 1);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

/** One step of polygon clipping. @source Sutherland and Hodgman 1974, Reentrant polygon clipping */
function cutAtSide(
  corners: readonly (readonly [number, number])[],
  inside: (corner: readonly [number, number]) => number,
): readonly (readonly [number, number])[] {
  return corners.flatMap((corner, i) => {
    const next = corners[(i + 1) % corners.length] as readonly [number, number];
    const [here, there] = [inside(corner), inside(next)];
    const kept = here >= 0 ? [corner] : [];
    if (here >= 0 === there >= 0) return kept;
    const t = here / (here - there);
    return [...kept, [corner[0] + t * (next[0] - corner[0]), corner[1] + t * (next[1] - corner[1])] as const];
  });
}
