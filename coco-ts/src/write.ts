/** Python's spelling of the numbers JSON has no word for. */
function stringify(value: unknown): string {
  let special = false;
  const text = JSON.stringify(value, (_, item: unknown) => {
    if (typeof item !== 'number' || Number.isFinite(item)) return item;
    special = true;
    return `\u0000${Number.isNaN(item) ? 'NaN' : item > 0 ? 'Infinity' : '-Infinity'}`;
  });
  return special ? text.replace(/"\\u0000(NaN|-?Infinity)"/g, '$1') : text;
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
    else yield stringify(value);
    separator = ',';
  }
  yield separator === '{' ? '{}' : '}';
}

function* listChunks(list: readonly unknown[]): Generator<string> {
  let text = '[';
  for (const [index, item] of list.entries()) {
    if (index > 0) text += ',';
    text += item === undefined ? 'null' : stringify(item);
    if (text.length > 65536) {
      yield text;
      text = '';
    }
  }
  yield `${text}]`;
}
