import { describe, expect, it } from 'vitest';
import { createAnchors, DEFAULT_ANCHORS } from '../../../heads/retina/anchors.js';
import { DEFAULT_DECODING, decodeRetina } from '../../../heads/retina/decode.js';
import { golden } from '../../data.js';
import { symmetric, toChannelsLast } from '../symmetric.js';
import { gridsOf } from './grids.js';

interface Recorded {
  readonly image_size: [number, number];
  readonly num_classes: number;
  readonly cls_tag: string;
  readonly cases: readonly {
    readonly max_detection_points: number;
    readonly soft_nms: boolean;
    readonly img_scale: readonly number[] | null;
    readonly img_size: readonly [number, number][] | null;
    /** Rows x1 y1 x2 y2 score class + 1. */
    readonly detections: { readonly value: readonly number[] };
  }[];
}

const recorded = golden<Recorded>('heads/postprocess.json.gz');
const K = recorded.num_classes;
const anchors = createAnchors({
  ...DEFAULT_ANCHORS,
  inputSize: recorded.image_size,
  grids: gridsOf(recorded.image_size),
});

/** [2, channels, cells] of every level -> one [A, width] per image. */
function outputs(name: (level: number) => string, channels: number, map: (v: number) => number): Float32Array[] {
  return [0, 1].map((image) => {
    const parts = [3, 4, 5, 6, 7].map((level) => {
      const cells = (128 / 2 ** level) ** 2;
      const values = symmetric(name(level), 2 * channels * cells).map(map);
      return toChannelsLast(values.subarray(image * channels * cells, (image + 1) * channels * cells), channels, cells);
    });
    return Float32Array.from(parts.flatMap((part) => [...part]));
  });
}

const logits = outputs(
  (level) => `pp_cls_${level}${recorded.cls_tag}`,
  9 * K,
  (v) => 6 * v * v * v - 3,
);
const offsets = outputs(
  (level) => `pp_box_${level}`,
  36,
  (v) => v * 0.8,
);

describe.each(recorded.cases)(
  'decoding $max_detection_points candidates, soft $soft_nms, scale $img_scale',
  (example) => {
    it.each([0, 1])('gives the detections of the reference for image %i', (image) => {
      const scale = example.img_scale?.[image] ?? 1;
      const [width, height] = example.img_size?.[image] ?? [1e9, 1e9];
      // without an image size the reference does not clip: an offset keeps all boxes inside a huge image
      const offset = example.img_size ? 0 : 5e4;
      const found = decodeRetina(
        { logits: logits[image]!, offsets: offsets[image]! },
        anchors,
        { width, height, scaleX: 1 / scale, scaleY: 1 / scale, offsetX: -offset, offsetY: -offset },
        {
          ...DEFAULT_DECODING,
          maxCandidates: example.max_detection_points,
          suppression: example.soft_nms ? 'soft' : 'hard',
        },
      );
      const rows = Array.from({ length: 100 }, (_, i) => {
        const at = (image * 100 + i) * 6;
        return example.detections.value.slice(at, at + 6);
      }).filter(([x1, y1, x2, y2]) => x2! > x1! && y2! > y1!);
      expect(rows.length).toBeGreaterThan(40);
      expect(found.scores.length).toBeGreaterThanOrEqual(rows.length);
      const tolerance = example.img_size ? 3e-4 : 8e-3; // float32 of coordinates up to 300, or up to 5e4
      rows.forEach(([x1, y1, x2, y2, score, label], i) => {
        const box = found.boxes.subarray(i * 4, i * 4 + 4);
        [x1, y1, x2, y2].forEach((value, k) => {
          expect(Math.abs(box[k]! - offset - value!)).toBeLessThan(tolerance);
        });
        expect(found.scores[i]).toBeCloseTo(score!, 5);
        expect(found.labels[i]).toBe(label! - 1);
      });
    });
  },
);

describe('decoding', () => {
  const unit = { width: 100, height: 50, scaleX: 1, scaleY: 1, offsetX: 0, offsetY: 0 };
  const two = Float32Array.from([10, 10, 30, 20, 200, 200, 220, 220]);
  const raw = { logits: Float32Array.from([0, 2, 3, -1]), offsets: new Float32Array(8) };

  it('undoes the placement, clips to the original, and drops what lies outside', () => {
    const found = decodeRetina(
      raw,
      two,
      { ...unit, scaleX: 0.5, scaleY: 2, offsetX: 10, offsetY: -40 },
      DEFAULT_DECODING,
    );
    expect([...found.boxes]).toEqual([0, 25, 40, 30, 0, 25, 40, 30]);
    expect([...found.labels]).toEqual([1, 0]);
    expect(found.scores[1]).toBe(0.5);
  });

  it('leaves out what scores less than the threshold', () => {
    expect([...decodeRetina(raw, two, unit, { ...DEFAULT_DECODING, scoreThreshold: 0.6 }).labels]).toEqual([1]);
    expect(decodeRetina(raw, two, unit, { ...DEFAULT_DECODING, scoreThreshold: 0.99 }).boxes).toHaveLength(0);
  });

  it('drops boxes that are not finite', () => {
    const broken = { logits: raw.logits, offsets: Float32Array.from([0, Number.NaN, 0, 0, 0, 0, 0, 0]) };
    expect(decodeRetina(broken, two, unit, DEFAULT_DECODING).labels).toHaveLength(0);
  });
});
