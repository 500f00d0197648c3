/** As mask/boxes.ts; a NaN loses against a number. */
export function boxIou(d: i32, g: i32): f64 {
  const found: i32 = FOUND_BOXES + 32 * d;
  const truth: i32 = TRUTH_BOXES + 32 * g;
  const dx = f64.load(found);
  const dw = f64.load(found, 16);
  const gx = f64.load(truth);
  const gw = f64.load(truth, 16);
  const w = fmin(dw + dx, gw + gx) - fmax(dx, gx);
  if (w <= 0) return 0;
  const dy = f64.load(found, 8);
  const dh = f64.load(found, 24);
  const gy = f64.load(truth, 8);
  const gh = f64.load(truth, 24);
  const h = fmin(dh + dy, gh + gy) - fmax(dy, gy);
  if (h <= 0) return 0;
  const intersection = w * h;
  const area = dw * dh;
  return intersection / (i32.load8_u(TRUTH_CROWD + g) === 1 ? area : area + gw * gh - intersection);
}

function fmin(a: f64, b: f64): f64 {
  return select<f64>(a, b, a < b || b !== b);
}

function fmax(a: f64, b: f64): f64 {
  return select<f64>(a, b, a > b || b !== b);
}
