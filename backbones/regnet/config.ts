import { familyConfig } from '../config.js';
import { regNet } from './regnet.js';

/** A RegNet in a config file. */
export const regNetConfig = familyConfig('regnet', regNet, ['P3', 'P4', 'P5']);
