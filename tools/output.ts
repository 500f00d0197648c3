import { printable, printableJson } from '../engine/printable.js';

/** Where a command's words go: with --json stdout holds one JSON value and nothing else. */
export interface Output {
  readonly json: boolean;
  /** One line for people: stdout, or stderr with --json. */
  say(line: string): void;
  /** One line that never belongs to the result: stderr. */
  note(line: string): void;
  /** The result: printed as JSON with --json, else as the text. */
  result(value: unknown, text: string): void;
}

export function createOutput(json: boolean): Output {
  const write = (stream: NodeJS.WriteStream, line: string): void => {
    stream.write(`${printable(line)}\n`);
  };
  return {
    json,
    say: (line) => write(json ? process.stderr : process.stdout, line),
    note: (line) => write(process.stderr, line),
    result: (value, text) => {
      if (json) process.stdout.write(`${printableJson(value)}\n`);
      else write(process.stdout, text);
    },
  };
}
