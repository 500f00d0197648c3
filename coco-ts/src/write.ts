/** JSON, in which bigints are integers. */
export const toJson = (value: unknown): string => spelled(value, (item) => typeof item === 'bigint');

/** With Python's spelling of the numbers JSON has no word for as well. */
const toPythonJson = (value: unknown): string =>
  spelled(value, (item) => typeof item === 'bigint' || (typeof item === 'number' && !Number.isFinite(item)));

/** JSON in which what is special stands as `String` writes it. */
function spelled(value: unknown, isSpecial: (item: unknown) => boolean): string {
  let special = false;
  const text = JSON.stringify(value, (_, item: unknown) => {
    if (!isSpecial(item)) return item;
    special = true;
    return `\u0000${String(item)}`;
  });
  return special ? text.replace(/"\\u0000(NaN|-?Infinity|-?\d+)"/g, '$1') : text;
}

/**
 * The JSON text of a data set (or of a result list) in pieces of some 64 kB, for files longer than a string may be. NaN and infinities
 * are written as Python's json does, and `parseJson` reads them back.
 */
export function* jsonChunks(dataset: object | readonly unknown[]): Generator<string> {
  if (Array.isArray(dataset)) {
    yield* listChunks(dataset);
    return;
  }
  let separator = '{';
  for (const [key, value] of Object.entries(dataset)) {
    if (value === undefined) continue;
    yield `${separator}${JSON.stringify(key)}:`;
    if (Array.isArray(value)) yield* listChunks(value);
    else yield toPythonJson(value);
    separator = ',';
  }
  yield separator === '{' ? '{}' : '}';
}

function* listChunks(list: readonly unknown[]): Generator<string> {
  let text = '[';
  for (const [index, item] of list.entries()) {
    if (index > 0) text += ',';
    text += item === undefined ? 'null' : toPythonJson(item);
    if (text.length > 65536) {
      yield text;
      text = '';
    }
  }
  yield `${text}]`;
}
