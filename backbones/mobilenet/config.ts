import { familyConfig } from '../config.js';
import { mobileNet } from './mobilenet.js';

/** A MobileNet in a config file. */
export const mobileNetConfig = familyConfig('mobilenet', mobileNet, ['P3', 'P4', 'P5']);
