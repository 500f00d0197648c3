import { printable } from '../engine/printable.js';

/**
 * Prints an error as one message and never as a stack, unless it is a defect and ESPALIER_DEBUG asks for it.
 * Reads the properties that `EspalierError` has instead of its class, so that help does not load it.
 *
 * @returns the exit status
 */
export function reportError(error: unknown): number {
  const known = error instanceof Error && 'exitCode' in error && (error.exitCode === 1 || error.exitCode === 2);
  if (known) {
    process.stderr.write(`espalier: ${printable(error.message)}\n`);
    return error.exitCode as number;
  }
  const system = systemSentence(error);
  if (system !== undefined) {
    process.stderr.write(`espalier: ${printable(system)}\n`);
    return 1;
  }
  if (process.env.ESPALIER_DEBUG && error instanceof Error) process.stderr.write(`${printable(String(error.stack))}\n`);
  else {
    const [line] = String(error instanceof Error ? error.message : error).split('\n');
    process.stderr.write(`espalier: unexpected error: ${printable(line ?? '')}; set ESPALIER_DEBUG=1 for the stack\n`);
  }
  return 1;
}

const SENTENCES: { readonly [code: string]: string } = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EACCES: 'no permission',
  EPERM: 'no permission',
  EROFS: 'the file system is read-only',
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EISDIR: 'is a folder, not a file',
  EEXIST: 'a file is in the way',
};

/** What the operating system refused, in words. */
function systemSentence(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  if (error.code === 'ERR_INVALID_ARG_VALUE' && error.message.includes('null bytes'))
    return 'a path has a zero byte, which no file has in its name';
  const sentence = SENTENCES[String(error.code)];
  const path = 'path' in error && typeof error.path === 'string' ? error.path : undefined;
  return sentence === undefined || path === undefined ? undefined : `${path}: ${sentence}`;
}
