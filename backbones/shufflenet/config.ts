import { familyConfig } from '../config.js';
import { shuffleNet } from './shufflenet.js';

/** A ShuffleNetV2 in a config file. */
export const shuffleNetConfig = familyConfig('shufflenet', shuffleNet, ['P3', 'P4', 'P5']);
