import { allSubjects, readMutated } from '../../test/datasets/mutations.js';

/** Told to the process that started this one. */
export type Message =
  | { readonly kind: 'begin'; readonly index: number }
  | { readonly kind: 'end'; readonly index: number; readonly outcome: string; readonly subject: string }
  | { readonly kind: 'done' };

/** Mutations of the numbers from, from + step, ... below `to`: each is one subject with one seed. */
const [from = 0, to = 0, step = 1, first = 0] = process.argv.slice(2).map(Number);
const send = (message: Message): Promise<void> =>
  new Promise((resolve) => process.send?.(message, undefined, undefined, () => resolve()));

const subjects = await allSubjects();
for (let index = from; index < to; index += step) {
  const subject = subjects[index % subjects.length];
  if (subject === undefined) break;
  await send({ kind: 'begin', index });
  const seed = first + Math.floor(index / subjects.length);
  const outcome = await readMutated(subject, seed);
  const text = typeof outcome === 'string' ? outcome : outcome.problem;
  await send({ kind: 'end', index, outcome: text, subject: `${subject.name}, seed ${seed}` });
}
await send({ kind: 'done' });
process.disconnect?.();
