/** A training loop of one's own that can be stopped at any step. `npx espalier sample cells --out sample`, then `node examples/ownLoop.ts`, Node >= 22.18. */
import * as e from 'espalier';

const [root = 'sample', file = 'own.safetensors', until = '4'] = process.argv.slice(2);
await e.ready();
const source = { kind: 'coco', root, images: 'images', train: 'annotations/train.json' } as const;
const { entries, labels } = await e.openData(source, 'boxes', { split: 'train' });
const classes = labels.classes.length;
const { model, encoder, inputSize } = e.createDetector({ classes, inputSize: [64, 64], neck: { channels: 16 } });
const optimizer = e.createAdamW(model.parameters, { weightDecay: 1e-4 });
const training = e.createTrainingStep({ model, optimizer, clipNorm: 10 });
const rateAt = e.createSchedule({ learningRate: 1e-3, warmupSteps: 2, totalSteps: 100 });
const augment = { ...e.transforms.plain(inputSize), flipHorizontal: 0.5 };
const loader = e.createLoader({ entries, encoder, augment, batchSize: 2 });
const done = e.resumeState(file, { model, optimizer });
for await (const { images, targets, step } of e.trainingBatches(loader, { model, from: done, to: Number(until) })) {
  const { losses } = await training.run(images, targets, { step, learningRate: rateAt(step) });
  console.log(`step ${step + 1}: loss ${(await losses.total?.data())?.[0]?.toFixed(6)}`);
}
await e.saveState(file, { model, optimizer }, Math.max(done, Number(until)));
await loader.dispose();
