/** Map sizes of P3 to P7 where every level halves by rounding up. */
export function gridsOf([height, width]: readonly [number, number], levels: readonly number[] = [3, 4, 5, 6, 7]) {
  return levels.map((level) => [Math.ceil(height / 2 ** level), Math.ceil(width / 2 ** level)] as const);
}
