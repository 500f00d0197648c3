import { familyConfig } from '../config.js';
import { inception } from './inception.js';

/** An Inception-v3 in a config file. */
export const inceptionConfig = familyConfig('inception', inception, ['P3', 'P4', 'P5']);
