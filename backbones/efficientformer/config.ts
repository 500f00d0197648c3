import { familyConfig } from '../config.js';
import { efficientFormer } from './efficientformer.js';

/** An EfficientFormer in a config file. */
export const efficientFormerConfig = familyConfig('efficientformer', efficientFormer, ['P3', 'P4', 'P5']);
