import { describe, expect, test } from 'vitest';
import { type Canvas2D, COCO, CocoError, type DrawCommand, drawCommands, mask } from '../src/index.js';

const rle = mask.encode({ data: Uint8Array.of(0, 1, 1, 0, 1, 0), height: 3, width: 2 });
const points = [5, 6, 2, 7, 8, 1, 9, 9, 0];
const coco = new COCO<'keypoints'>({
  images: [{ id: 1, height: 3, width: 2 }],
  categories: [
    {
      id: 1,
      skeleton: [
        [1, 2],
        [2, 3],
      ],
    },
    { id: 2 },
  ],
  annotations: [
    { id: 1, image_id: 1, category_id: 1, segmentation: [[0, 0, 4, 0, 4, 4]], keypoints: points, bbox: [0, 0, 4, 4] },
    { id: 2, image_id: 1, category_id: 2, segmentation: rle, iscrowd: 1, bbox: [1, 1, 2, 2] },
    { id: 3, image_id: 1, category_id: 2, segmentation: { size: [3, 2], counts: [1, 5] }, iscrowd: 0 },
  ],
});
const all = coco.loadAnns([1, 2, 3]);

describe('showAnns', () => {
  test('lies masks under filled polygons under outlines under skeletons and points', () => {
    const commands = coco.showAnns(all, { drawBbox: true });
    expect(commands.map(({ kind }) => kind)).toEqual(
      ['mask', 'mask', ...Array(6).fill('polygon'), 'line', 'point', 'point'], // 3 polygons and boxes, filled and as outlines
    );
    const polygons = commands.filter((command) => command.kind === 'polygon');
    expect(polygons.map(({ fill, line }) => [fill, line])).toEqual([
      ...Array(3).fill([0.4, 0]),
      ...Array(3).fill([0, 2]),
    ]);
    expect(polygons.slice(0, 3).map((command) => command.points)).toEqual([
      [0, 0, 4, 0, 4, 4],
      [0, 0, 0, 4, 4, 4, 4, 0],
      [1, 1, 1, 3, 3, 3, 3, 1],
    ]);
    expect(coco.showAnns(all).filter(({ kind }) => kind === 'polygon')).toHaveLength(2);
  });

  test('decodes masks of both forms; crowds are green', () => {
    const [crowd, object] = coco.showAnns(all).filter((command) => command.kind === 'mask');
    expect([...crowd!.data]).toEqual([0, 1, 1, 0, 1, 0]);
    expect(crowd!.color).toEqual([2 / 255, 166 / 255, 101 / 255]);
    expect([...object!.data]).toEqual([0, 1, 1, 1, 1, 1]);
    expect(object!.color.every((part) => part >= 0.4 && part <= 1)).toBe(true);
  });

  test('draws bones and points that are labelled, hidden ones with a black edge', () => {
    const commands = coco.showAnns([all[0]!]);
    expect(commands.find(({ kind }) => kind === 'line')).toMatchObject({ points: [5, 6, 7, 8], line: 3 });
    const [seen, hidden] = commands.filter((command) => command.kind === 'point');
    expect(seen).toMatchObject({ x: 5, y: 6, edge: seen!.color });
    expect(hidden).toMatchObject({ x: 7, y: 8, edge: [0, 0, 0] });
  });

  test('repeats its colours for a seed', () => {
    expect(coco.showAnns(all, { seed: 4 })).toEqual(coco.showAnns(all, { seed: 4 }));
    expect(coco.showAnns(all, { seed: 4 })).not.toEqual(coco.showAnns(all, { seed: 5 }));
  });

  test('gives captions as text, nothing for nothing, and refuses other records', () => {
    const captions = new COCO<'captions'>({ annotations: [{ id: 1, image_id: 1, caption: 'a cat' }] });
    expect(captions.showAnns(captions.loadAnns([1]))).toEqual([{ kind: 'text', text: 'a cat' }]);
    expect(coco.showAnns([])).toEqual([]);
    const boxes = new COCO({ annotations: [{ id: 1, image_id: 1, category_id: 1, bbox: [0, 0, 1, 1] }] });
    expect(() => boxes.showAnns(boxes.loadAnns(1))).toThrow(CocoError);
  });
});

/** A canvas that writes down what is asked of it. */
function recorder(): { context: Canvas2D; log: string[] } {
  const log: string[] = [];
  const note =
    (name: string) =>
    (...numbers: number[]): void =>
      void log.push([name, ...numbers.map((value) => Math.round(value * 100) / 100)].join(' '));
  const context: Canvas2D = {
    globalAlpha: 1,
    fillStyle: '',
    strokeStyle: '',
    lineWidth: 1,
    beginPath: note('begin'),
    moveTo: note('move'),
    lineTo: note('line'),
    closePath: note('close'),
    arc: note('arc'),
    fill: () => note(`fill ${context.fillStyle}`)(context.globalAlpha),
    stroke: () => note(`stroke ${context.strokeStyle}`)(context.lineWidth),
    fillRect: (...box) => note(`rect ${context.fillStyle} ${context.globalAlpha}`)(...box),
  };
  return { context, log };
}

describe('drawCommands', () => {
  const drawn = (...commands: DrawCommand[]): string[] => {
    const { context, log } = recorder();
    drawCommands(context, commands);
    expect(context.globalAlpha).toBe(1);
    return log;
  };

  test('fills and outlines polygons', () => {
    const polygon = { kind: 'polygon', points: [0, 0, 4, 0, 4, 4], color: [1, 0, 0.5], fill: 0.4, line: 0 } as const;
    expect(drawn(polygon)).toEqual(['begin', 'move 0 0', 'line 4 0', 'line 4 4', 'close', 'fill rgb(255, 0, 128) 0.4']);
    expect(drawn({ ...polygon, fill: 0, line: 2 }).at(-1)).toBe('stroke rgb(255, 0, 128) 2');
  });

  test('draws masks as stretches of columns, lines open, points round; text is left to the page', () => {
    const color = [0, 0, 1] as const;
    const data = Uint8Array.of(0, 1, 1, 1, 0, 1);
    expect(drawn({ kind: 'mask', data, height: 3, width: 2, color, fill: 0.5 })).toEqual([
      'rect rgb(0, 0, 255) 0.5 0 1 1 2',
      'rect rgb(0, 0, 255) 0.5 1 0 1 1',
      'rect rgb(0, 0, 255) 0.5 1 2 1 1',
    ]);
    expect(drawn({ kind: 'line', points: [1, 2, 3, 4], color, line: 3 })).toEqual([
      'begin',
      'move 1 2',
      'line 3 4',
      'stroke rgb(0, 0, 255) 3',
    ]);
    expect(drawn({ kind: 'point', x: 1, y: 2, radius: 4, color, edge: [0, 0, 0] })).toEqual([
      'begin',
      'arc 1 2 4 0 6.28',
      'fill rgb(0, 0, 255) 1',
      'stroke rgb(0, 0, 0) 2',
    ]);
    expect(drawn({ kind: 'text', text: 'a cat' })).toEqual([]);
  });
});
