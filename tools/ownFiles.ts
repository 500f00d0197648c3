import { statSync } from 'node:fs';
import { constants, gunzipSync } from 'node:zlib';
import { ConfigError } from '../engine/errors.js';
import { openRegular } from '../engine/files/read.js';

/** How a file begins that a command writes under a name of the user's. */
const BEGINNINGS = {
  cases: (head: Uint8Array) => textOf(head).startsWith('case,class,empty,'),
  report: (head: Uint8Array) => /^<!doctype html>.*Content-Security-Policy/s.test(textOf(head)),
  answers: (head: Uint8Array) => unpacked(head).startsWith('{"format":"espalier-answers"'),
} as const;

const HEAD = 2 ** 14;
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function unpacked(head: Uint8Array): string {
  try {
    return textOf(gunzipSync(head, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 2 ** 24 }));
  } catch {
    return '';
  }
}

/** What was written before is replaced, a file of another kind, such as an annotation file, never. @throws ConfigError for such a one */
export function refuseForeign(file: string, kind: keyof typeof BEGINNINGS, option: string): void {
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return;
  const refuse = (problem: string): Error => new ConfigError(`${file}: ${problem}: name another file with ${option}`);
  const open = openRegular(file, { maxBytes: Number.MAX_SAFE_INTEGER, refuse });
  try {
    if (open.size === 0 || BEGINNINGS[kind](open.view(0, HEAD))) return;
  } finally {
    open.close();
  }
  throw refuse('it is there, and no file that this command writes');
}
