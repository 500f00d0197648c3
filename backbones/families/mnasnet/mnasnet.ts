import { keysOf } from '../../../engine/checked.js';
import { invertedFamily } from '../_inverted/architecture.js';
import { MNASNETS, type MnasNetArch } from './spec.js';

/**
 * MNASNet-B1, without squeeze-excite; parameters named as in timm.
 *
 * @source Tan et al. 2018, arXiv:1807.11626
 */
export const mnasNet = invertedFamily<MnasNetArch>(keysOf(MNASNETS), (arch) => MNASNETS[arch]);
