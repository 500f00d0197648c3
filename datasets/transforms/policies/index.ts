import { ConfigError } from '../../../engine/errors.js';
import type { Random } from '../../../engine/random.js';
import type { OpRule } from '../augmentConfig.js';
import { AUTO_AUGMENT } from './autoAugment.js';
import { DETECTION } from './detection.js';
import { nnunet } from './nnunet.js';
import type { OpCall, Policy } from './policy.js';
import { RAND_AUGMENT, randAugment } from './randAugment.js';
import { TRIVIAL_AUGMENT } from './trivialAugment.js';

export { RAND_AUGMENT };

/** Policies by name; those of RandAugment have their numbers in theirs. */
const POLICIES: { readonly [name: string]: Policy } = {
  ...AUTO_AUGMENT,
  ...TRIVIAL_AUGMENT,
  ...DETECTION,
  nnunet,
};

export const POLICY_NAMES = Object.keys(POLICIES);

/** The policy of a name. @throws ConfigError when there is none */
export function policyOf(name: string): Policy {
  const found = POLICIES[name] ?? randAugment(name);
  if (found === null)
    throw new ConfigError(`there is no policy '${name}', but: ${POLICY_NAMES.join(', ')}, rand-m9-mstd0.5`);
  return found;
}

/** One draw of every rule, in their order. */
export const drawRules = (rules: readonly OpRule[], random: Random): readonly OpCall[] =>
  rules.flatMap(({ op, probability, range: [least, most] }) => {
    const value = random.uniform(least, most);
    return random.next() < probability ? [{ op, value }] : [];
  });
