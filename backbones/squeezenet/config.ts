import { familyConfig } from '../config.js';
import { squeezeNet } from './squeezenet.js';

/** A SqueezeNet in a config file. */
export const squeezeNetConfig = familyConfig('squeezenet', squeezeNet, ['P2', 'P3', 'P4']);
