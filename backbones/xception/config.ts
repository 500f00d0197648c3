import { familyConfig } from '../config.js';
import { xception } from './xception.js';

/** An Xception in a config file. */
export const xceptionConfig = familyConfig('xception', xception, ['P3', 'P4', 'P5']);
