// npm run bench -- report RUN...: each number of a report's headline, of its table of sizes and of its cases against `espalier evaluate --json` on
// the same images; exit 1 where one differs.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const program = join(dirname(fileURLToPath(import.meta.url)), '../bin/espalier.js');
const ask = (...parts) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...parts, '--json'], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(`espalier ${parts.join(' ')}: ${stderr}`);
  return JSON.parse(stdout);
};
const folder = mkdtempSync(join(tmpdir(), 'espalier-report-'));

/** All numbers of a value, and how they are written in a page. */
function numbersIn(value) {
  if (typeof value === 'number')
    return [Number.isInteger(value) ? String(value) : value.toFixed(4), value.toFixed(3), String(value)];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : [];
}
/** Text of the cells of a section. */
function cellsOf(html, id) {
  const section = html.split(`<section id="${id}"`)[1]?.split('</section>')[0] ?? '';
  return [...section.matchAll(/<td>(.*?)<\/td>/gs)].map(([, text]) => text);
}

/** Cells of the rows of a section. */
const rowsOf = (html, id) =>
  (html.split(`<section id="${id}"`)[1]?.split('</section>')[0] ?? '')
    .split('<tr>')
    .map((row) => [...row.matchAll(/<td>(.*?)<\/td>/gs)].map(([, text]) => text));

let isWrong = false;
for (const run of process.argv.slice(2)) {
  const out = join(folder, 'report.html');
  const reported = ask('report', run, '--out', out);
  const cases = 'cases' in reported ? ['--cases', join(folder, 'cases.csv')] : [];
  const evaluated = ask('evaluate', run, ...cases);
  const different = Object.entries(evaluated).filter(
    ([name, value]) => name in reported && JSON.stringify(reported[name]) !== JSON.stringify(value),
  );
  const absent = Object.keys(evaluated).filter((name) => !(name in reported));
  const html = readFileSync(out, 'utf8');
  const known = new Set(numbersIn(evaluated));
  const cells = cellsOf(html, 'headline').filter((text) => /^-?[\d.]+$/.test(text));
  const strange = cells.filter((text) => !known.has(text));
  const sizes = rowsOf(html, 'found').filter(([by]) => by === 'size');
  for (const [, group, , AP] of sizes) {
    const value = evaluated[`AP${group[0]}`];
    if (AP !== (value === null ? '\u2013' : value.toFixed(4))) strange.push(`AP of ${group}: ${AP}, not ${value}`);
  }
  isWrong ||= different.length > 0 || strange.length > 0 || cells.length === 0;
  console.log(
    `${run}: ${numbersIn(evaluated).length / 3} numbers of evaluate, ${different.length} differ in the report${absent.length > 0 ? `, ${absent.join(', ')} not in it` : ''}; of ${cells.length} cells of its headline and ${sizes.length} sizes ${strange.length} are not among them${strange.length > 0 ? `: ${strange.join(' ')}` : ''}; ${(statSync(out).size / 2 ** 20).toFixed(1)} MiB`,
  );
}
rmSync(folder, { recursive: true, force: true });
process.exitCode = isWrong ? 1 : 0;
