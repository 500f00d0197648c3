import { hasDiverged, type SweepRange, type SweptRate, sweptRate } from '../rateSweep.js';
import { batchesOf } from './batch.js';
import { plan } from './options.js';
import type { TrainRun } from './session.js';
import { createStepper } from './stepper.js';

/** What a sweep takes of a run. */
export type SweepRun<Raw = unknown> = Pick<TrainRun<Raw>, 'model' | 'loader' | 'options' | 'signal' | 'availableBytes'>;

/**
 * Trains with rates that rise from step to step, until the loss has diverged or the signal is aborted; the weights are no good
 * afterwards. Nothing is written.
 *
 * @param onStep is told every step
 * @throws EngineError when the memory of a step is not there
 */
export async function sweepRates<Raw>(
  { model, loader, options, signal, availableBytes }: SweepRun<Raw>,
  range: SweepRange,
  onStep: (swept: SweptRate, step: number) => void = () => undefined,
): Promise<readonly SweptRate[]> {
  const own = { minutes: null, unfreezeAt: null, warmupSteps: 0, referenceBatch: null, ema: null } as const;
  const planned = plan(model.parameters, { ...options, ...own, steps: range.steps }, loader.stepsPerEpoch);
  const course = { optimizerFrom: 0, totalSteps: () => range.steps, rateAt: (step: number) => sweptRate(step, range) };
  const stepper = createStepper(model, planned, course, undefined);
  const swept: SweptRate[] = [];
  try {
    stepper.requireMemory(await loader.layout(), availableBytes);
    for await (const placed of batchesOf(loader, 0, range.steps)) {
      if (signal?.aborted) {
        placed.batch.release();
        break;
      }
      const unread = await stepper.run(placed, 0, async () => undefined);
      const { losses, gradientNorm } = await unread.peek();
      const point = { rate: course.rateAt(placed.step), loss: losses.total ?? Number.NaN };
      if (Number.isFinite(point.loss) && Number.isFinite(gradientNorm)) swept.push(point);
      onStep(point, placed.step + 1);
      if (!Number.isFinite(gradientNorm) || hasDiverged([...swept.map(({ loss }) => loss), point.loss])) break;
    }
    return swept;
  } finally {
    stepper.dispose();
    planned.optimizer.dispose();
    planned.ema?.dispose();
  }
}
