#!/usr/bin/env node
import { existsSync } from 'node:fs';

const program = new URL('../dist/tools/espalier.js', import.meta.url);
if (existsSync(program)) {
  const { run } = await import(program.href);
  process.exitCode = await run(process.argv.slice(2));
} else {
  console.error('espalier is not built yet: run npm run build');
  process.exitCode = 1;
}
