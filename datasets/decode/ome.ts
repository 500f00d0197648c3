/** Millimetres of a unit of OME-XML; without one it is a micrometre. */
const MILLIMETRES: { readonly [unit: string]: number } = {
  pm: 1e-9,
  Å: 1e-7,
  nm: 1e-6,
  µm: 1e-3,
  μm: 1e-3,
  um: 1e-3,
  mm: 1,
  cm: 10,
  m: 1000,
};

/**
 * Distance between rows and between columns of the first image that a description is of, millimetres; null: it is not OME-XML, or does
 * not say.
 *
 * @source the OME data model, 2016-06: Pixels, PhysicalSizeX and PhysicalSizeXUnit
 */
export function omeSpacing(description: string): readonly [rows: number, columns: number] | null {
  if (!description.includes('<OME')) return null;
  const [pixels] = /<(?:\w{1,16}:)?Pixels\s[^>]*/.exec(description) ?? [];
  if (pixels === undefined) return null;
  const value = (name: string): string | undefined =>
    new RegExp(`\\s${name}\\s*=\\s*["']([^"']*)["']`).exec(pixels)?.[1];
  const size = (axis: 'X' | 'Y'): number => {
    const unit = (value(`PhysicalSize${axis}Unit`) ?? 'µm').replace(/&#(181|xb5);/i, 'µ');
    return Number(value(`PhysicalSize${axis}`) ?? Number.NaN) * (MILLIMETRES[unit] ?? Number.NaN);
  };
  const [rows, columns] = [size('Y'), size('X')];
  const isSize = (one: number): boolean => one > 0 && one < Number.POSITIVE_INFINITY;
  return isSize(rows) && isSize(columns) ? [rows, columns] : null;
}
