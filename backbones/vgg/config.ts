import { familyConfig } from '../config.js';
import { vgg } from './vgg.js';

/** A VGG in a config file. */
export const vggConfig = familyConfig('vgg', vgg, ['P3', 'P4', 'P5']);
