import { constant } from '../../backbones/initialisers.js';

/** Probability that every class starts at, so that the background does not drown the first steps. */
const PRIOR = 0.01;

/**
 * The bias of the class predictions that gives it.
 *
 * @source Lin et al. 2017, arXiv:1708.02002, section 4.1
 */
export const priorBias = constant(Math.log(PRIOR / (1 - PRIOR)));
