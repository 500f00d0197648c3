import { keysOf } from '../../../engine/checked.js';
import { invertedFamily } from '../_inverted/architecture.js';
import { MOBILENETS, type MobileNetArch } from './spec.js';

/**
 * MobileNetV2 and V3; parameters named as in timm.
 *
 * @source Sandler et al. 2018, arXiv:1801.04381; Howard et al. 2019, arXiv:1905.02244
 */
export const mobileNet = invertedFamily<MobileNetArch>(keysOf(MOBILENETS), (arch) => MOBILENETS[arch]);
