import { familyConfig } from '../config.js';
import { denseNet } from './densenet.js';

/** A DenseNet in a config file. */
export const denseNetConfig = familyConfig('densenet', denseNet, ['P3', 'P4', 'P5']);
