import { parseJson } from '#coco-ts';
import { DataError } from '../../engine/errors.js';
import { readAnnotation } from './text.js';

/** A JSON object whose values are not known. */
export type JsonObject = { readonly [key: string]: unknown };

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An annotation that is a JSON object. @throws DataError naming the file */
export async function readJsonObject(file: string, maxBytes?: number): Promise<JsonObject> {
  const value = jsonIn(await readAnnotation(file, maxBytes), file);
  if (isObject(value)) return value;
  throw new DataError(file, 'is no JSON object');
}

/** An annotation that is a JSON list of objects; what is no object of it is left out. @throws DataError naming the file */
export async function readJsonList(file: string): Promise<readonly JsonObject[]> {
  const value = jsonIn(await readAnnotation(file), file);
  if (Array.isArray(value)) return value.filter(isObject);
  throw new DataError(file, 'is no JSON list');
}

/** What a text states as JSON. @throws DataError naming the file */
export function jsonIn(text: string, file: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    throw new DataError(file, `not well-formed JSON: ${(error as Error).message.split('\n')[0]}`);
  }
}

/** The objects of a value that is a list. */
export const objectsIn = (value: unknown): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isObject) : [];

/** The numbers of a value that is a list, NaN for what is none. */
export const numbersIn = (value: unknown): readonly number[] =>
  Array.isArray(value) ? value.flat().map(numberIn) : [];

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
