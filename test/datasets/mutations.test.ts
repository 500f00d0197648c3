import { expect, test } from 'vitest';
import { allSubjects, readMutated } from './mutations.js';

/** Of each kind of file; `node bench/mutate/run.mjs` tries thousands. */
const SEEDS = 4;

test('changed annotations, images and volumes are read, or end in an error that names the file', async () => {
  const subjects = await allSubjects();
  const problems: string[] = [];
  let refused = 0;
  for (const subject of subjects) {
    for (let seed = 0; seed < SEEDS; seed++) {
      const outcome = await readMutated(subject, seed);
      if (outcome === 'refused') refused++;
      if (typeof outcome === 'object') problems.push(`${subject.name}, seed ${seed}: ${outcome.problem}`);
    }
  }
  expect(problems).toEqual([]);
  expect(subjects.length).toBeGreaterThan(90);
  expect(refused).toBeGreaterThan(subjects.length);
});
