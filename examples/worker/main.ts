/**
 * A model in a thread of its own: `node examples/worker/main.ts model.bundle photo.jpg`, Node >= 22.18. In a page:
 * `new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })`, and the rest is the same.
 */
import { Worker } from 'node:worker_threads';
import { openModelInWorker } from 'espalier/predict';

const [, , source = 'model.bundle', ...images] = process.argv;
const worker = new Worker(new URL('./worker.ts', import.meta.url));
const model = await openModelInWorker(worker, source);
let turns = 0;
const counter = setInterval(() => turns++, 1);
for (const image of images) console.log(image, await model.predict(image, { signal: AbortSignal.timeout(60_000) }));
clearInterval(counter);
console.log(`${model.task} on ${model.runtime}; meanwhile this thread did something else ${turns} times`);
await model.dispose();
await worker.terminate();
