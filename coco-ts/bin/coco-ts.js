#!/usr/bin/env node
import { statSync } from 'node:fs';

/** When a file was last written; 0 for one that is not there. */
const written = (path) => statSync(new URL(path, import.meta.url), { throwIfNoEntry: false })?.mtimeMs ?? 0;

// Packages hold dist in a few modules, which start sooner. In a checkout they may be older than the last compilation.
const built = ['../dist/bundle/cli.js', '../dist/cli.js'].find(
  (path, i) => written(path) > 0 && (i > 0 || written(path) >= written('../tsconfig.tsbuildinfo')),
);
if (built === undefined) {
  console.error('coco-ts is not built yet: run npm run build');
  process.exit(1);
}
// The reader of a pipe may leave early, as head does: its words are lost, what goes to files is written all the same.
process.stderr.on('error', () => {});
process.stdout.on('error', ({ code, message }) => {
  if (code === 'EPIPE') return;
  console.error(`coco-ts: standard output cannot be written: ${message}`);
  process.exitCode = 1;
});
const { main } = await import(new URL(built, import.meta.url).href);
const code = await main(process.argv.slice(2));
process.exitCode ||= code;
