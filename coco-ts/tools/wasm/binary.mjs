/** The binary format of WebAssembly (core specification 2.0, chapter 5), as far as `compiler.mjs` writes it. */

/** LEB128 of a number or bigint, unsigned. */
export function unsigned(value) {
  const out = [];
  let rest = BigInt(value);
  do {
    const byte = Number(rest & 0x7fn);
    rest >>= 7n;
    out.push(rest === 0n ? byte : byte | 0x80);
  } while (rest !== 0n);
  return out;
}

/** LEB128, signed. */
export function signed(value) {
  const out = [];
  let rest = BigInt(value);
  for (;;) {
    const byte = Number(rest & 0x7fn);
    rest >>= 7n;
    const last = byte & 0x40 ? rest === -1n : rest === 0n;
    out.push(last ? byte : byte | 0x80);
    if (last) return out;
  }
}

export const TYPE = { i32: 0x7f, i64: 0x7e, f64: 0x7c, v128: 0x7b };

const text = (value) => [...unsigned(Buffer.byteLength(value)), ...Buffer.from(value)];
const list = (items) => [...unsigned(items.length), ...items.flat()];
const section = (id, content) => [id, ...unsigned(content.length), ...content];
const types = (names) => list(names.map((name) => [TYPE[name]]));
const signature = ({ parameters, result }) => [0x60, ...types(parameters), ...types(result === 'void' ? [] : [result])];

/**
 * A module that imports `env.memory` and `imports`, and exports the functions whose `exported` is set.
 *
 * @param imports { name, parameters, result }[]
 * @param functions { name, parameters, result, locals, code, exported }[]
 */
export function writeModule(imports, functions) {
  const all = [...imports, ...functions];
  const bodies = functions.map(({ locals, code }) => {
    const body = [...list(locals.map((name) => [1, TYPE[name]])), ...code, 0x0b];
    return [...unsigned(body.length), ...body];
  });
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, list(all.map(signature))),
    ...section(
      2,
      list([
        [...text('env'), ...text('memory'), 2, 0, 0],
        ...imports.map(({ name }, index) => [...text('env'), ...text(name), 0, ...unsigned(index)]),
      ]),
    ),
    ...section(3, list(functions.map((_, index) => unsigned(imports.length + index)))),
    ...section(
      7,
      list(
        functions.flatMap(({ name, exported }, index) =>
          exported ? [[...text(name), 0, ...unsigned(imports.length + index)]] : [],
        ),
      ),
    ),
    ...section(10, list(bodies)),
  ]);
}
