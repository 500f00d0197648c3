import { arch, cpus, platform, totalmem } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { readText } from '../../engine/files/read.js';

/** Where a training comes from, for the record. */
export interface Origin {
  /** As it was typed; null: it was started by another program. */
  readonly command: string | null;
  /** Commit of the git folder that it was started in; null: there is none. */
  readonly commit: string | null;
  /** Processor and memory. */
  readonly machine: string;
}

/** @param command as it was typed */
export function originOf(command: string | null): Origin {
  return { command, commit: commitOf(process.cwd()), machine: describeMachine() };
}

/** System, processor and memory of this machine. */
export function describeMachine(): string {
  const [cpu] = cpus();
  return `${platform()} ${arch()}, ${cpus().length} x ${cpu?.model ?? 'unknown'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB`;
}

/** Bytes of a file of a git folder. */
const MOST = 2 ** 24;
const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
/** A branch whose name cannot lead out of the folder. */
const REFERENCE = /^ref: (refs(?:\/(?!\.)[\w.@+-]{1,100}){1,10})$/;

/**
 * The commit that is checked out in a folder or one above it, read from git's files alone: nothing is executed, so that a
 * folder with settings of its own is harmless.
 *
 * @returns null: it is in no git folder, or has no commit yet
 * @source git's gitrepository-layout(5)
 */
export function commitOf(folder: string): string | null {
  for (let at = resolve(folder), above = dirname(at); ; at = above, above = dirname(at)) {
    const head = headIn(at);
    if (head !== null) return head;
    if (above === at) return null;
  }
}

function headIn(folder: string): string | null {
  const link = lineOf(join(folder, '.git')); // of a further working tree
  const git = link?.startsWith('gitdir: ') ? resolve(folder, link.slice('gitdir: '.length)) : join(folder, '.git');
  const head = lineOf(join(git, 'HEAD'));
  if (head === null) return null;
  const [, reference] = REFERENCE.exec(head) ?? [];
  if (reference === undefined) return COMMIT.test(head) ? head : null;
  const shared = lineOf(join(git, 'commondir'));
  for (const place of shared === null ? [git] : [git, resolve(git, shared)]) {
    const packed = textOf(join(place, 'packed-refs'))?.split('\n') ?? [];
    const found =
      lineOf(join(place, reference)) ?? packed.find((line) => line.endsWith(` ${reference}`))?.split(' ')[0];
    if (found !== undefined && COMMIT.test(found)) return found;
  }
  return null;
}

const lineOf = (file: string): string | null => textOf(file)?.split('\n')[0]?.trim() ?? null;

function textOf(file: string): string | null {
  try {
    return readText(file, { maxBytes: MOST, refuse: (problem) => new Error(problem) });
  } catch {
    return null;
  }
}
