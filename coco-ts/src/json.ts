import { JsonError } from './errors.js';
import { shown } from './shown.js';

const MAX_DEPTH = 2000;
/** The longest string of V8. */
const LONGEST_TEXT = 2 ** 29 - 24;

/** Keys whose values are ids, or lists of them. */
const ID_KEY = /(?:^|_)ids?$/;
/**
 * An id, or a list of numbers with one, of as many digits as numbers beyond 2^53 have. No list is looked at twice: where the next key
 * begins, this one ends.
 */
const LONG_ID = /id(?:"\s*:\s*-?|s"\s*:\s*\[[^\]"]*?)\d{16}/;
/** Most digits of an integer, as Python has it: to read more of them takes time by the square of their number. */
const MOST_DIGITS = 4300;

/**
 * Parses JSON as Python's json module writes it: NaN, Infinity and -Infinity are numbers. Ids that are integers beyond 2^53 (`id`, and
 * what ends in `_id` or `_ids`) are bigints, so that every digit counts; of other such integers the last bits are lost.
 * @throws JsonError with the position of the first byte that is not JSON
 */
export function parseJson(text: string): unknown {
  if (text.length > 2 * MAX_DEPTH) checkDepth(text);
  if (LONG_ID.test(text)) return new PythonJson(text).document();
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!/NaN|Infinity/.test(text)) throw error instanceof SyntaxError ? located(error, text) : error;
    return new PythonJson(text).document();
  }
}

/** What reads, compares and writes values calls itself for every level of them. @throws JsonError where there are too many */
function checkDepth(text: string): void {
  let depth = 0;
  for (let p = 0; p < text.length; p++) {
    const c = text.charCodeAt(p);
    if (c === 34) for (p++; p < text.length && text.charCodeAt(p) !== 34; p++) p += text.charCodeAt(p) === 92 ? 1 : 0;
    else if (c === 91 || c === 123) {
      if (++depth > MAX_DEPTH) throw new JsonError(`nested deeper than ${MAX_DEPTH}`, p);
    } else if (c === 93 || c === 125) depth--;
  }
}

function located(error: SyntaxError, text: string): JsonError {
  const position = /position (\d+)/.exec(error.message)?.[1];
  return new JsonError(
    shown(error.message.replace(/ (in JSON )?at position.*$/s, '')),
    position === undefined ? text.length : Number(position),
  );
}

class PythonJson {
  private p = 0;
  /** Whether the value at hand is an id. */
  private isId = false;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  document(): unknown {
    const value = this.value(0);
    this.blank();
    if (this.p < this.text.length) throw this.unexpected();
    return value;
  }

  private value(depth: number): unknown {
    if (depth > MAX_DEPTH) throw new JsonError(`nested deeper than ${MAX_DEPTH}`, this.p);
    this.blank();
    const c = this.text[this.p];
    if (c === '{') return this.object(depth);
    if (c === '[') return this.list(depth);
    if (c === '"') return this.string();
    return this.word();
  }

  private object(depth: number): Record<string, unknown> {
    const out: Record<string, unknown> = {};
    this.p++;
    if (this.next('}')) return out;
    do {
      this.blank();
      if (this.text[this.p] !== '"') throw this.unexpected();
      const key = this.string();
      if (!this.next(':')) throw this.unexpected();
      this.isId = ID_KEY.test(key);
      Object.defineProperty(out, key, {
        value: this.value(depth + 1),
        enumerable: true,
        writable: true,
        configurable: true,
      });
    } while (this.next(','));
    if (!this.next('}')) throw this.unexpected();
    return out;
  }

  private list(depth: number): unknown[] {
    const out: unknown[] = [];
    this.p++;
    if (this.next(']')) return out;
    do out.push(this.value(depth + 1));
    while (this.next(','));
    if (!this.next(']')) throw this.unexpected();
    return out;
  }

  private string(): string {
    const start = this.p++;
    while (this.p < this.text.length && this.text[this.p] !== '"') this.p += this.text[this.p] === '\\' ? 2 : 1;
    if (this.p >= this.text.length) throw new JsonError('string without end', start);
    try {
      return JSON.parse(this.text.slice(start, ++this.p)) as string;
    } catch {
      throw new JsonError('a string with a character or escape that JSON has not', start);
    }
  }

  private word(): unknown {
    const match = /(?:-?Infinity|NaN|true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)/y;
    match.lastIndex = this.p;
    const word = match.exec(this.text)?.[0];
    if (word === undefined) throw this.unexpected();
    this.p += word.length;
    if (word === 'true' || word === 'false') return word === 'true';
    if (word === 'null') return null;
    const value = Number(word);
    const exact = this.isId && !Number.isSafeInteger(value) && /^-?\d+$/.test(word);
    if (!exact) return value;
    if (word.length > MOST_DIGITS)
      throw new JsonError(`an id of ${word.length} digits: at most ${MOST_DIGITS} are read`, this.p - word.length);
    return BigInt(word);
  }

  private next(c: string): boolean {
    this.blank();
    if (this.text[this.p] !== c) return false;
    this.p++;
    return true;
  }

  private blank(): void {
    while (' \t\n\r'.includes(this.text[this.p] ?? '-')) this.p++;
  }

  private unexpected(): JsonError {
    return new JsonError(`unexpected ${shown(this.text[this.p] ?? 'end')}`, this.p);
  }
}

/** The value of UTF-8 bytes. @throws JsonError for more of them than a string can hold */
export function decodeJson(bytes: Uint8Array): unknown {
  if (bytes.length > LONGEST_TEXT) throw new JsonError(`a value of ${bytes.length} bytes is too long to be read`, 0);
  return parseJson(new TextDecoder().decode(bytes));
}
