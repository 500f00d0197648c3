import { familyConfig } from '../config.js';
import { alexNet } from './alexnet.js';

/** An AlexNet in a config file. */
export const alexNetConfig = familyConfig('alexnet', alexNet, ['P3', 'P4', 'P5']);
