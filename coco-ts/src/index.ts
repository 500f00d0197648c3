export type {
  Annotations,
  CaptionAnnotation,
  Category,
  Dataset,
  Id,
  ImageInfo,
  InstanceAnnotation,
  KeypointAnnotation,
  Kind,
  PanopticAnnotation,
  Segmentation,
} from './annotation.js';
export { type Canvas2D, drawCommands } from './canvas.js';
export { COCO } from './coco.js';
export { type BoxRows, CocoFile } from './cocoFile.js';
export type { Color, DrawCommand, ShowOptions } from './draw.js';
export {
  diffDatasets,
  type FilterOptions,
  filterDataset,
  type ListDiff,
  type MergeOptions,
  mergeDatasets,
  splitDataset,
} from './edit.js';
export { CocoError, JsonError, MaskError } from './errors.js';
export { type Accumulated, type CurveColumn, type CurveName, curveColumn } from './evaluation/accumulate.js';
export { COCOeval } from './evaluation/cocoeval.js';
export type { BoxColumns, ScoredBoxes, TruthBoxes, TruthRecord } from './evaluation/incremental.js';
export type { EvalImage } from './evaluation/matching.js';
export { type IouType, Params } from './evaluation/params.js';
export { saveEval } from './evaluation/saved.js';
export { type LabelMeShape, parseLabelMe, readLabelMe, writeLabelMe } from './formats/labelme.js';
export { type NpyArray, writeNpy, writeNpz } from './formats/npz.js';
export { type ImageRecord, toDataset, toRecords } from './formats/record.js';
export { parseVoc, readVoc, type VocAnnotation, type VocObject, type VocPixels, writeVoc } from './formats/voc.js';
export { readXml, type XmlHandler } from './formats/xml.js';
export { parseYolo, readYolo, writeYolo, type YoloLine } from './formats/yolo.js';
export type { Input } from './input.js';
export { parseJson } from './json.js';
export type { Bitmap, Matrix, Rle, UncompressedRle } from './mask/index.js';
export * as mask from './mask/index.js';
export { type BootstrapOptions, bootstrap, type Comparison, compare, type Interval } from './metrics/bootstrap.js';
export { type Calibration, type CalibrationBin, calibration } from './metrics/calibration.js';
export { type Confusion, type ConfusionOptions, confusionMatrix } from './metrics/confusion.js';
export { type CurveChoice, type F1Curve, f1Curve, type PrecisionRecall, precisionRecall } from './metrics/curves.js';
export { type Frequency, type LvisOptions, type LvisResult, lvisEvaluate } from './metrics/lvis.js';
export { type OpenImagesOptions, type OpenImagesTable, openImagesEvaluate } from './metrics/openImages.js';
export { cellsOfArea, type Outcomes, outcomes } from './metrics/outcomes.js';
export {
  meanQuality,
  type PanopticImage,
  type PanopticQuality,
  type PanopticTally,
  panopticQuality,
  type Quality,
  tallyPanoptic,
} from './metrics/panoptic.js';
export { type ClassRow, perClass } from './metrics/perClass.js';
export { type DatasetStats, datasetStats } from './metrics/stats.js';
export { type ErrorSplit, type TideOptions, tideErrors } from './metrics/tide.js';
export { type TideCosts, tideCosts } from './metrics/tideCosts.js';
export {
  type VocDetection,
  type VocMatches,
  type VocOptions,
  type VocResult,
  type VocTable,
  type VocTruth,
  vocAveragePrecision,
  vocCurve,
  vocEvaluate,
  vocMatches,
} from './metrics/voc.js';
export type { CocoOptions } from './options.js';
export type { ResultRecord, ResultsInput } from './results.js';
export { FormatError, type Violation } from './violations.js';
export type { Warning } from './warnings.js';
export { useWebAssembly } from './wasm/kernels.js';
export { jsonChunks } from './write.js';
