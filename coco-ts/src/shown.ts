const LONGEST_NAME = 200;

/** What a terminal obeys instead of showing it: control characters, line ends, marks that turn the direction of writing, half pairs. */
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Text on one line, as a terminal may have it: what it would obey is spelt as JSON spells it (`\n`, `\u001b`). */
export const escaped = (text: string): string =>
  text.replace(UNSEEN, (c) => SHORT[c] ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** A value of a file as messages and tables name it: text escaped and cut at 200 characters, lists and objects only by their kind. */
export function shown(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  const text = String(value);
  return escaped(text.length > LONGEST_NAME ? `${text.slice(0, LONGEST_NAME - 1)}…` : text);
}

/** The same with texts in quotes, which tells them from numbers. */
export const named = (value: unknown): string => (typeof value === 'string' ? `"${shown(value)}"` : shown(value));

/** Some names of many, for a sentence. */
export const someOf = (names: readonly unknown[], most = 20): string =>
  names.slice(0, most).map(shown).join(', ') + (names.length > most ? ` and ${names.length - most} more` : '');
