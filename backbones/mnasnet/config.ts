import { familyConfig } from '../config.js';
import { mnasNet } from './mnasnet.js';

/** An MNASNet in a config file. */
export const mnasNetConfig = familyConfig('mnasnet', mnasNet, ['P3', 'P4', 'P5']);
