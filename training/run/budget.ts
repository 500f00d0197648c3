/** What a budget of time is spent on. */
export interface BudgetOptions {
  /** Seconds of training, evaluation and checkpoints, over all sessions. */
  readonly seconds: number;
  /** The most steps, whatever time is left. */
  readonly mostSteps: number;
  /** Steps between evaluations. */
  readonly evaluateSteps: number;
  /** Steps whose time an evaluation is taken to need until one was measured; 0: nothing is evaluated. */
  readonly evaluationSteps: number;
  /** Seconds between checkpoints. */
  readonly checkpointSeconds: number;
  /** Stage, of several of equal time, whose steps cost differently; steps are measured in this one. */
  readonly stage?: { readonly index: number; readonly costs: readonly number[] };
}

/** Tells how many steps a training has, as far as is known. Seconds count from its first step, earlier sessions included. */
export interface Budget {
  /** After a step. @param from when it was begun */
  step(from: number, to: number): void;
  /** After an evaluation that took so long. */
  evaluated(seconds: number): void;
  /** After a checkpoint that took so long. */
  saved(seconds: number): void;
  /** Steps of the whole training, when `step` are done; null: none was measured yet. */
  totalSteps(step: number, now: number): number | null;
  /** False: the time is needed for the evaluation at the end. */
  mayEvaluate(now: number): boolean;
}

/** The first step of a process is compiled. */
const COMPILED = 1;
/** Measured steps from which on an estimate is given. */
const FEWEST = 2;
/** Weight of a new step in the mean, so that it follows a machine that becomes slower. */
const SMOOTHING = 0.05;

export function createBudget(options: BudgetOptions): Budget {
  const { seconds, mostSteps, evaluateSteps, evaluationSteps, checkpointSeconds } = options;
  let steps = -COMPILED;
  let mean = 0;
  let evaluation: number | null = null;
  let checkpoint = 0;
  const evaluationTime = (): number => (evaluationSteps === 0 ? 0 : (evaluation ?? evaluationSteps * mean));
  return {
    step: (from, to) => {
      if (++steps <= 0) return;
      mean += Math.max(1 / steps, SMOOTHING) * (to - from - mean);
    },
    evaluated: (took) => {
      evaluation = took;
    },
    saved: (took) => {
      checkpoint = took;
    },
    totalSteps: (step, now) => {
      if (steps < FEWEST || mean === 0) return null;
      const left = seconds - now - evaluationTime() - checkpoint;
      const own = mean / speedLeft(options, now);
      const each = own * (1 + checkpoint / checkpointSeconds) + evaluationTime() / evaluateSteps;
      return Math.min(mostSteps, step + Math.max(0, Math.floor(left / each)));
    },
    mayEvaluate: (now) => seconds - now >= 2 * evaluationTime() + checkpoint,
  };
}

/** Steps for each that the stage of now would have in the time that is left, over all stages that share it. */
function speedLeft({ seconds, stage }: BudgetOptions, now: number): number {
  if (stage === undefined || now >= seconds) return 1;
  const { index, costs } = stage;
  const own = costs[index] ?? 1;
  const length = seconds / costs.length;
  const speeds = costs.map((cost, j) => {
    const left = Math.max(0, (j + 1) * length - Math.max(now, j * length));
    return (left * own) / cost;
  });
  return (
    Math.max(
      Number.MIN_VALUE,
      speeds.reduce((sum, speed) => sum + speed, 0),
    ) /
    (seconds - now)
  );
}
