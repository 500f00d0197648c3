/** Names that editors complete. Nothing here is run. */
import { type Loadable, loadWeights, type PublishedName } from '../../node.js';

declare const network: Loadable;

/** The names stay in the type of the parameter: a union with plain text would have lost them. */
type Completed = Extract<Parameters<typeof loadWeights>[1], PublishedName>;
export const completed: readonly Completed[] = [
  'efficientnet-lite0',
  'resnet50.a1_in1k',
  'tf_efficientdet_d0',
  'torchvision.retinanet_resnet50_fpn.COCO_V1',
  'imagenet',
];
// @ts-expect-error: there are no such weights
export const misspelt: PublishedName = 'tf_efficientdet_d9';
export const loaded = loadWeights(network, 'weights/own.safetensors');
// @ts-expect-error: weights are a name, a path or bytes
export const wrong = loadWeights(network, 7);
