import { familyConfig } from '../config.js';
import { resNet } from './resnet.js';

/** A ResNet in a config file. */
export const resNetConfig = familyConfig('resnet', resNet, ['P3', 'P4', 'P5']);
