/** Part of the input that shows the image: pixels [left, right) x [top, bottom). */
export interface Region {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** The pixels of an input that a rectangle touches. */
export function addressable(
  [left, top, right, bottom]: readonly [left: number, top: number, right: number, bottom: number],
  [height, width]: readonly [height: number, width: number],
): Region {
  const within = (value: number, most: number): number => Math.min(Math.max(value, 0), most);
  return {
    left: within(Math.floor(left), width),
    top: within(Math.floor(top), height),
    right: within(Math.ceil(right), width),
    bottom: within(Math.ceil(bottom), height),
  };
}
