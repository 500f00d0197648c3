/** A training loop of one's own that can be stopped at any step. `npx espalier sample cells --out sample`, then `node examples/ownLoop.ts`, Node >= 22.18. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import {
  captureState,
  createAdamW,
  createDetector,
  createLoader,
  createSchedule,
  createTrainingStep,
  openData,
  readSafetensors,
  ready,
  restoreState,
  toTargets,
  transforms,
  uploadImages,
  writeSafetensors,
} from 'espalier';

const [root = 'sample', file = 'own.safetensors', until = '4'] = process.argv.slice(2);
await ready();
const data = await openData({ kind: 'coco', root, images: 'images', train: 'annotations/train.json' }, 'boxes', {
  split: 'train',
});
if (data === null) throw new Error('no training images');
const classes = data.labels.classes.length;
const { model, encoder, inputSize } = createDetector({
  classes,
  inputSize: [64, 64],
  neck: { channels: 16, repeats: 1 },
});
const optimizer = createAdamW(model.parameters, { weightDecay: 1e-4 });
const step = createTrainingStep({ model, optimizer, clipNorm: 10 });
const augment = { ...transforms.plain(inputSize), flipHorizontal: 0.5 };
const loader = createLoader({ entries: data.entries, encoder, augment, batchSize: 2 });
const rateAt = createSchedule({ learningRate: 1e-3, warmupSteps: 2, totalSteps: 100 });

let done = 0;
if (existsSync(file)) {
  const { tensors, metadata } = readSafetensors(readFileSync(file));
  restoreState({ model, optimizer }, { tensors });
  done = Number(metadata.step);
}
while (done < Number(until)) {
  const epoch = Math.floor(done / loader.stepsPerEpoch);
  for await (const { images, shape, targets, release } of loader.batches(epoch, done % loader.stepsPerEpoch)) {
    const { losses } = await step.run(uploadImages(images, shape), toTargets(targets), {
      step: done,
      learningRate: rateAt(done),
    });
    release();
    console.log(`step ${++done}: loss ${(await losses.total?.data())?.[0]?.toFixed(6)}`);
    if (done >= Number(until)) break;
  }
}
writeFileSync(file, writeSafetensors(await captureState({ model, optimizer }), { step: String(done) }));
await loader.dispose();
