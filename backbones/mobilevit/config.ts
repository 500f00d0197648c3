import { familyConfig } from '../config.js';
import { mobileVit } from './mobilevit.js';

/** A MobileViT in a config file. */
export const mobileVitConfig = familyConfig('mobilevit', mobileVit, ['P3', 'P4', 'P5']);
