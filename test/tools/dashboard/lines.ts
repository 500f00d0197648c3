const time = '2026-01-01T00:00:00.000Z';

/** A log's first line. */
export const startLine = (steps: number): string =>
  JSON.stringify({
    time,
    event: 'start',
    step: 0,
    run: 'r',
    engine: 'cpu',
    threads: null,
    versions: {},
    steps,
    stepsPerEpoch: 10,
    learningRate: 0.1,
  });

export const stepLine = (step: number): string =>
  JSON.stringify({
    time,
    event: 'step',
    step,
    epoch: 1,
    losses: { total: 1 / step },
    gradientNorm: 1,
    learningRate: 0.1,
    ms: { data: 1, compute: 2, host: 3 },
  });
