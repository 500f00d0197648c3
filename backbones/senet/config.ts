import { familyConfig } from '../config.js';
import { seNet } from './senet.js';

/** A SENet in a config file. */
export const seNetConfig = familyConfig('senet', seNet, ['P3', 'P4', 'P5']);
