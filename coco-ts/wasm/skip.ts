/**
 * The first byte from p on that is no white space. The byte 255 behind the window ends this and every other search.
 */
export function skipBlank(p: i32): i32 {
  return i32.load8_u(p) > 32 ? p : skipBlanks(p + 1);
}

/** Apart, so that the compiler puts the usual case where it is called. */
function skipBlanks(p: i32): i32 {
  let q = p;
  while (i32.load8_u(q) <= 32) q++;
  return q;
}

/** The byte behind the string whose opening quote is at p; 0 where the window ends before it. */
export function skipString(p: i32): i32 {
  let q = p + 1;
  while (true) {
    const bytes = v128.load(q);
    const stops = i8x16.bitmask(
      v128.or(
        v128.or(i8x16.eq(bytes, i8x16.splat(34)), i8x16.eq(bytes, i8x16.splat(92))),
        i8x16.eq(bytes, i8x16.splat(-1)),
      ),
    );
    if (stops === 0) {
      q += 16;
      continue;
    }
    q += i32.ctz(stops);
    const c = i32.load8_u(q);
    if (c === 34) return q + 1;
    if (c === 255) return 0;
    q += 2;
  }
}

/** The byte behind the value at p, of which only the brackets are checked, as in scan/value.ts; 0 where the window ends before it. */
export function skipValue(p: i32): i32 {
  let c = i32.load8_u(p);
  if (c === 34) return skipString(p);
  if (c === 123 || c === 91) return skipNested(p);
  let q = p;
  while (c !== 44 && c !== 125 && c !== 93 && c > 32 && c !== 255) {
    q++;
    c = i32.load8_u(q);
  }
  return c === 255 || q === p ? 0 : q;
}

function skipNested(p: i32): i32 {
  let q = p;
  let depth = 0;
  while (true) {
    const bytes = v128.load(q);
    // Digits, points, commas and blanks are most of a nested value; a bit for each of the others.
    let stops = i8x16.bitmask(v128.or(i8x16.gt_u(bytes, i8x16.splat(90)), i8x16.eq(bytes, i8x16.splat(34))));
    const begin = q;
    q += 16;
    while (stops !== 0) {
      const at = begin + i32.ctz(stops);
      stops = stops & (stops - 1);
      const c = i32.load8_u(at);
      if (c === 34) {
        q = skipString(at);
        if (q === 0) return 0;
        stops = 0;
      } else if (c === 255) return 0;
      if (c === 123 || c === 91) depth++;
      else if (c === 125 || c === 93) {
        depth--;
        if (depth === 0) return at + 1;
      }
    }
  }
}
