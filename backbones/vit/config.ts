import { familyConfig } from '../config.js';
import { vit } from './vit.js';

/** A vision transformer in a config file. */
export const vitConfig = familyConfig('vit', vit, ['P4']);
