import { Worker } from 'node:worker_threads';
import { watchEnds } from '../../tools/ends.js';

/** A command that ends in a way of its own: FOLDER WAY. */
const [, , , way] = process.argv;
watchEnds();
if (way === 'throws') setTimeout(() => JSON.parse('{'), 1);
if (way === 'rejects') void Promise.reject(new Error('boom'));
if (way === 'thread') new Worker('throw new Error("boom")', { eval: true });
await new Promise((resolve) => (way === 'waits' ? undefined : setTimeout(resolve, 2000)));
