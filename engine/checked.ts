/**
 * Reads that must succeed: what is missing is an error that names it, not `undefined` further on. Not for loops over pixels
 * or anchors: one function that reads arrays of every type is slower there than the read itself.
 */

/** The value at a position. @throws RangeError naming position and length */
export function valueAt<Value>(
  values: { readonly length: number; readonly [index: number]: Value },
  index: number,
): NonNullable<Value> {
  const value = values[index];
  if (value === undefined || value === null) throw new RangeError(`there is no value ${index} of ${values.length}`);
  return value;
}

/** The value of a key. @throws RangeError naming it */
export function need<Key, Value>(map: { get(key: Key): Value | undefined }, key: Key): NonNullable<Value> {
  const value = map.get(key);
  if (value === undefined || value === null) throw new RangeError(`there is no '${String(key)}'`);
  return value;
}

/** The keys of an object that has no others than its type lists. */
export const keysOf = <Value extends object>(value: Value): readonly (keyof Value & string)[] =>
  Object.keys(value) as (keyof Value & string)[];

/** A function of each value of a tuple, as a tuple of the same length. */
export const mapTuple = <Values extends readonly unknown[], Result>(
  values: readonly [...Values],
  of: (value: Values[number], index: number) => Result,
): { -readonly [Place in keyof Values]: Result } =>
  values.map((value, i) => of(value, i)) as { -readonly [Place in keyof Values]: Result };
