import { familyConfig } from '../config.js';
import { googLeNet } from './googlenet.js';

/** A GoogLeNet in a config file. */
export const googLeNetConfig = familyConfig('googlenet', googLeNet, ['P3', 'P4', 'P5']);
