/** Longest name, path or other text of a file that is shown, in characters; of a longer one the beginning and the end. */
const MAX_NAME = 200;
const END = 60;
/** Longest message. */
const MAX_TEXT = 100_000;
/** Control characters (C0, DEL, C1), line separators, and marks that turn the direction of what follows. */
const CONTROLS = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu;
const CONTROLS_BUT_NEWLINE = /(?!\n)[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu;
const NAMED: { readonly [character: string]: string } = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
/** `'a name'` in a sentence, which is no apostrophe; or a word too long for one, its quotes included. */
const NAMES = new RegExp(`(?<![\\w'])'[^']*'(?!\\w)|\\S{${MAX_NAME + 3},}`, 'g');

/**
 * A name that comes from a file (class, path, tensor, key) as one line for a terminal: control characters and marks that
 * turn the direction of writing are written as escapes, and of more than 200 characters the middle is left out.
 */
export function shownName(name: string): string {
  return cut(cut(name).replace(CONTROLS, escaped));
}

/**
 * A text for a terminal or a log: control characters but line breaks are written as escapes; names in quotes become one
 * line, and they and words have at most 200 characters.
 */
export function printable(text: string): string {
  const short = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}...` : text;
  return short
    .replace(NAMES, (found) => (found.startsWith("'") ? `'${shownName(found.slice(1, -1))}'` : shownName(found)))
    .replace(CONTROLS_BUT_NEWLINE, escaped);
}

/** A value as JSON that a terminal shows as it is: the same value when it is read again. */
export function printableJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(CONTROLS_BUT_NEWLINE, unicode);
}

/** Whole characters only: no pair of surrogates is split. */
function cut(text: string): string {
  if (text.length <= MAX_NAME) return text;
  const start = text.slice(0, MAX_NAME - END - 3).replace(/[\ud800-\udbff]$/, '');
  return `${start}...${text.slice(-END).replace(/^[\udc00-\udfff]/, '')}`;
}

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  return NAMED[character] ?? (code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : unicode(character));
}

const unicode = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
