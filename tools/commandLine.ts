/** Letters of a command that are kept. */
const MOST = 2000;

/** What was typed, to be typed again. */
export function commandLine(): string {
  const words = process.argv.slice(2).map((word) => (/^[\w./:=,@+-]+$/.test(word) ? word : JSON.stringify(word)));
  return `espalier ${words.join(' ')}`.slice(0, MOST);
}
