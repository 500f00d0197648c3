/** `npm run docs`: the pages of docs/ and the reference of every entry point, as a static site in site/. */
import { OptionDefaults } from 'typedoc';

/** @type {Partial<import('typedoc').TypeDocOptions>} */
export default {
  name: 'Espalier',
  entryPoints: [
    'node.ts',
    'backbones/index.ts',
    'backbones/layers/index.ts',
    'engine/kernels/index.ts',
    'engine/index.ts',
    'weights/index.ts',
    'datasets/index.ts',
    'necks/index.ts',
    'heads/index.ts',
    'training/index.ts',
  ],
  tsconfig: 'tsconfig.json',
  out: 'site',
  readme: 'docs/start.md',
  projectDocuments: ['docs/*.md'],
  blockTags: [...OptionDefaults.blockTags, '@source'],
  includeVersion: true,
  disableSources: true,
  skipErrorChecking: true,
  /** Types that signatures name and that no entry point exports are shown by name alone. */
  validation: { notExported: false, invalidLink: true },
  treatWarningsAsErrors: true,
};
