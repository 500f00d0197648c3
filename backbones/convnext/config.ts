import { familyConfig } from '../config.js';
import { convNeXt } from './convnext.js';

/** A ConvNeXt in a config file. */
export const convNeXtConfig = familyConfig('convnext', convNeXt, ['P3', 'P4', 'P5']);
