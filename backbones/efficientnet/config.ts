import { familyConfig } from '../config.js';
import { efficientNet } from './efficientnet.js';

/** An EfficientNet in a config file: `tf_efficientnet_*` as released by Google, `efficientnet_*` as retrained in PyTorch. */
export const efficientNetConfig = familyConfig('efficientnet', efficientNet, ['P3', 'P4', 'P5']);
