/** The half of the head that runs in loader workers: no tensor, and no import of an engine. */

/** Truths of an image -> per cell of the map: 1 at the class of the object whose middle lies there, and its box in cells. */
export function createEncoder({ rows, columns, stride, classes }) {
  return {
    targets: {
      heat: { shape: [rows, columns, classes], dtype: 'float32' },
      sides: { shape: [rows, columns, 4], dtype: 'float32' }, // left, top, right, bottom from the cell's middle; 0: no object
    },
    encode({ boxes, labels, ignored }, { heat, sides }) {
      heat.fill(0);
      sides.fill(0);
      for (const [i, label] of labels.entries()) {
        if (ignored[i]) continue;
        const [x1, y1, x2, y2] = boxes.subarray(i * 4, i * 4 + 4);
        const column = Math.min(columns - 1, Math.floor((x1 + x2) / 2 / stride));
        const row = Math.min(rows - 1, Math.floor((y1 + y2) / 2 / stride));
        const cell = row * columns + column;
        const [x, y] = [(column + 0.5) * stride, (row + 0.5) * stride];
        heat[cell * classes + label] = 1;
        sides.set(
          [x - x1, y - y1, x2 - x, y2 - y].map((pixels) => Math.max(0.1, pixels / stride)),
          cell * 4,
        );
      }
    },
  };
}
