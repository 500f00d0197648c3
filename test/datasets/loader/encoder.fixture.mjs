/** An encoder as heads have it, in plain JavaScript so that worker threads can load it. */
export function createEncoder(config) {
  return {
    targets: {
      boxes: { shape: [config.rows, 4], dtype: 'float32' },
      labels: { shape: [config.rows], dtype: 'int32' },
      count: { shape: [], dtype: 'float32' },
    },
    encode: (truth, into) => {
      if (config.failAt !== undefined && truth.labels.includes(config.failAt))
        throw new RangeError('label out of range');
      if (config.exitAt !== undefined && truth.labels.includes(config.exitAt)) process.exit(3);
      into.count[0] = truth.labels.length;
      for (let i = 0; i < config.rows; i++) {
        into.labels[i] = truth.labels[i] ?? -1;
        for (let k = 0; k < 4; k++) into.boxes[i * 4 + k] = truth.boxes[i * 4 + k] ?? 0;
      }
    },
  };
}
