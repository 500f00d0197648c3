// One evaluation by coco-ts: own.mjs GT DT TYPE THREADS [ARRAYS.npz]. Prints what peers.py prints.
import { COCOeval, CocoFile } from '#coco-ts';

const [gtPath, dtPath, type, threads, arrays] = process.argv.slice(2);
const gt = await CocoFile.open(gtPath);
const evaluation = new COCOeval(gt, gt.loadRes(dtPath), type);
if (Number(threads) > 1) await evaluation.evaluateAsync({ threads: Number(threads) });
else evaluation.evaluate();
evaluation.accumulate();
evaluation.summarize();
const usage = process.resourceUsage();
const cpu = (usage.userCPUTime + usage.systemCPUTime) / 1e6;
console.log(JSON.stringify({ cpu, memory: usage.maxRSS / 1024, stats: [...evaluation.stats] }));
if (arrays) {
  const [{ writeFileSync }, { saveEval }] = await Promise.all([import('node:fs'), import('#coco-ts')]);
  writeFileSync(arrays, saveEval(evaluation));
}
