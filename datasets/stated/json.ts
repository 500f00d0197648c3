import { parseJson } from '#coco-ts';
import { DataError, messageOf } from '../../engine/errors.js';
import { readAnnotation } from './text.js';

/** A JSON object whose values are not known. */
export type JsonObject = { readonly [key: string]: unknown };

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An annotation that is a JSON object. @throws DataError naming the file */
export async function readJsonObject(file: string, maxBytes?: number): Promise<JsonObject> {
  const text = await readAnnotation(file, maxBytes);
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    throw new DataError(file, `not well-formed JSON: ${messageOf(error).split('\n')[0]}`);
  }
  if (isObject(value)) return value;
  throw new DataError(file, 'is no JSON object');
}

/** A number, or a text that is one; NaN for anything else. */
export function numberIn(value: unknown): number {
  return typeof value === 'number'
    ? value
    : typeof value === 'string' && value.trim() !== ''
      ? Number(value)
      : Number.NaN;
}

/** A text, or a number as one; null for anything else, and for nothing. */
export function textIn(value: unknown): string | null {
  if (typeof value === 'string') return value.trim() === '' ? null : value.trim();
  return typeof value === 'number' ? String(value) : null;
}

/** Width and height where both are above zero. */
export function sizeIn(width: unknown, height: unknown): { readonly width: number; readonly height: number } | null {
  const [columns, rows] = [numberIn(width), numberIn(height)];
  return columns > 0 && rows > 0 ? { width: columns, height: rows } : null;
}
