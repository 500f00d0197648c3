/** What `espalier/predict` exports in a page and in Node alike. */
export { maskPixels } from '../../datasets/packedMasks.js';
export { ConfigError, DataError, EngineError, EspalierError, ShapeError, WeightsError } from '../../engine/errors.js';
export type { TaskName } from '../../heads/tasks/names.js';
export type { FoundInstance, FoundObject, NamedClass } from '../../heads/tasks/told.js';
export type { Description } from '../description.js';
export type { HostNetwork } from '../hostNetwork.js';
export type { NetworkSource } from './fetched.js';
export type { ImageSource } from './image.js';
export type { Answers, AnyModel, OpenModel, OpenModelOptions, PredictOptions } from './openModel.js';
export type { Runtime } from './runtimes.js';
