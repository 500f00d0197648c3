import { expect } from 'vitest';
import {
  COCO,
  COCOeval,
  CocoError,
  type Dataset,
  type EvalImage,
  type IouType,
  type Params,
  parseJson,
} from '../../src/index.js';
import { difference, type Packed, unpack } from '../goldens.js';

/** One recorded evaluation of pycocotools. */
export interface EvalCase {
  readonly name: string;
  readonly iouType: IouType;
  readonly note: string;
  readonly params: Partial<Params>;
  readonly accumulate_params: Partial<Params> | null;
  readonly use_loadRes: boolean;
  readonly gt_text: string;
  readonly dt_text: string;
  readonly expected: {
    readonly error?: { readonly phase: string; readonly type: string; readonly message: string };
    readonly dt_area?: Packed;
    readonly dt_bbox?: Packed;
    readonly dt_id?: readonly number[];
    readonly counts?: readonly number[];
    readonly precision?: Packed;
    readonly recall?: Packed;
    readonly scores?: Packed;
    readonly stats?: Packed;
    readonly params_after?: Partial<Params>;
    readonly evalImgs?: readonly (RecordedImage | null)[];
    readonly ious?: readonly (readonly [number, number, Packed])[];
  };
}

type PackedFields = 'dtMatches' | 'gtMatches' | 'dtScores' | 'dtIgnore';
type RecordedImage = Omit<EvalImage, PackedFields | 'gtIgnore'> &
  Record<PackedFields, Packed> & { readonly gtIgnore: readonly number[] };

/** Errors of pycocotools in whose place there are numbers here; what they are say tests of their own. */
const ANSWERED =
  /^'(area|iscrowd|num_keypoints)'$|^list index out of range$|^Expected bytes, got list$|out of bounds for axis 4/;

/** Runs the recorded case and compares everything that was recorded, to the bit (OKS: 1e-15, as numpy's exp depends on the CPU). */
export function expectRecorded(recorded: EvalCase): void {
  const { expected } = recorded;
  let phase = 'loadRes';
  let evaluation: COCOeval | undefined;
  try {
    const gt = new COCO(parseJson(recorded.gt_text) as Dataset);
    const dt = recorded.use_loadRes
      ? gt.loadRes(new TextEncoder().encode(recorded.dt_text))
      : new COCO(parseJson(recorded.dt_text) as Dataset);
    if (recorded.use_loadRes) expectLoaded(dt, expected);
    phase = 'construct';
    evaluation = new COCOeval(gt, dt, recorded.iouType);
    Object.assign(evaluation.params, recorded.params);
    phase = 'evaluate';
    evaluation.evaluate();
    if (expected.params_after) expectParams(evaluation.params, expected.params_after);
    phase = 'accumulate';
    evaluation.accumulate(
      recorded.accumulate_params ? Object.assign(evaluation.params.clone(), recorded.accumulate_params) : undefined,
    );
    phase = 'summarize';
    evaluation.summarize();
    phase = 'done';
  } catch (error) {
    if (!(error instanceof CocoError) || expected.error === undefined) throw error;
    expect([phase, error.pythonType]).toEqual([expected.error.phase, expected.error.type]);
  }
  if (expected.error) {
    const answered = ANSWERED.test(expected.error.message);
    expect(phase === 'done', answered ? 'numbers in its place' : 'the recorded error must occur').toBe(answered);
  }
  if (evaluation?.eval) expectArrays(evaluation, recorded);
}

function expectLoaded(dt: COCO, expected: EvalCase['expected']): void {
  const anns = dt.dataset.annotations ?? [];
  if (expected.dt_area)
    expect(
      difference(
        anns.map((ann) => ann.area ?? Number.NaN),
        unpack(expected.dt_area),
      ),
      'area',
    ).toBeNull();
  if (expected.dt_bbox)
    expect(
      difference(
        anns.flatMap((ann) => ann.bbox ?? []),
        unpack(expected.dt_bbox),
      ),
      'bbox',
    ).toBeNull();
  if (expected.dt_id) expect(anns.map((ann) => ann.id)).toEqual(expected.dt_id);
}

function expectParams(actual: Params, expected: Partial<Params>): void {
  // Of long lists the recording keeps the head.
  for (const key of ['imgIds', 'catIds', 'maxDets'] as const) {
    if (expected[key]) expect(actual[key].slice(0, expected[key].length)).toEqual(expected[key]);
  }
}

function expectArrays(evaluation: COCOeval, { iouType, expected }: EvalCase): void {
  const result = evaluation.eval!;
  if (expected.counts) expect(result.counts).toEqual(expected.counts);
  for (const key of ['precision', 'recall', 'scores'] as const) {
    const packed = expected[key];
    if (packed) expect(difference(result[key], unpack(packed)), key).toBeNull();
  }
  if (expected.stats) expect(difference(evaluation.stats, unpack(expected.stats)), 'stats').toBeNull();
  if (expected.evalImgs) expectImages(evaluation.evalImgs, expected.evalImgs);
  for (const [image, category, packed] of expected.ious ?? []) {
    const actual = evaluation.ious.get(`${image},${category}`)!.data;
    const wanted = unpack(packed);
    if (iouType !== 'keypoints') expect(difference(actual, wanted), `ious ${image} ${category}`).toBeNull();
    else for (const [i, value] of wanted.entries()) expect(Math.abs(actual[i]! - value)).toBeLessThanOrEqual(1e-15);
  }
}

function expectImages(actual: readonly (EvalImage | null)[], expected: readonly (RecordedImage | null)[]): void {
  expect(actual.length).toBe(expected.length);
  for (const [i, wanted] of expected.entries()) {
    const got = actual[i]!;
    if (wanted === null) {
      expect(got).toBeNull();
      continue;
    }
    for (const key of ['image_id', 'category_id', 'maxDet', 'dtIds', 'gtIds'] as const)
      expect(got[key]).toEqual(wanted[key]);
    expect([...got.gtIgnore]).toEqual(wanted.gtIgnore);
    for (const key of ['dtMatches', 'gtMatches', 'dtScores', 'dtIgnore'] as const) {
      expect(difference(got[key], unpack(wanted[key])), `evalImgs ${i} ${key}`).toBeNull();
    }
  }
}
