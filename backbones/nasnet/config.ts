import { familyConfig } from '../config.js';
import { nasNet } from './nasnet.js';

/** A NASNet or PNASNet in a config file. */
export const nasNetConfig = familyConfig('nasnet', nasNet, ['P3', 'P4', 'P5']);
