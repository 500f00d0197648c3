/** The architecture as rules: which folder may import which. `npm run check` fails on the first arrow the other way. */

/** Left to right as an image travels; a folder imports only from those before it (and `datasets` for truths and results). */
const ARROW = ['engine', 'backbones', 'necks', 'heads', 'pretrained', 'training', 'deploy', 'configs', 'tools'];

/** What each folder must not import: everything after it. */
const arrow = ARROW.slice(0, -1).map((folder, index) => ({
  name: `arrow-${folder}`,
  comment: `${folder} must not know of what is built on it: ${ARROW.slice(index + 1).join(', ')}`,
  severity: 'error',
  from: { path: `^${folder}/` },
  to: { path: `^(${ARROW.slice(index + 1).join('|')})/` },
}));

/** Runs in a browser: no `node:` imports, and nothing that has them. */
const PORTABLE = [
  '^(backbones|necks|heads)/',
  '^weights/(?!fileSource)',
  '^pretrained/(?!files/)',
  '^training/(?!run/)',
  '^engine/[^/]+$',
  '^engine/(kernels|wasm|webgl|shapes|graph)/',
  '^deploy/(?!onnxruntime/|host/)',
  '^engine/webgpu/(?!dawn)',
  '^index\\.ts$',
];

module.exports = {
  forbidden: [
    ...arrow,
    {
      name: 'engine-is-the-root',
      comment: 'the engine knows nothing of data sets',
      severity: 'error',
      from: { path: '^engine/' },
      to: { path: '^datasets/' },
    },
    {
      name: 'weights-know-bytes-only',
      comment:
        'files of weights are bytes and tensors: errors, names to show and files are all they need; the engine reads zip archives and messages with them',
      severity: 'error',
      from: { path: '^weights/' },
      to: {
        path: '^(?!weights/|engine/(checked|errors|printable)\\.ts$|engine/files/|node_modules/)',
        dependencyTypesNot: ['core'],
      },
    },
    {
      name: 'below-weights',
      comment: 'what files of weights need knows nothing of them',
      severity: 'error',
      from: { path: '^engine/(errors|printable)\\.ts$|^engine/files/' },
      to: { path: '^weights/' },
    },
    {
      name: 'datasets-stand-alone',
      comment:
        'data sets need errors, names to show, random streams, files, the rules of the host and coco-ts: no tensors, no networks',
      severity: 'error',
      from: { path: '^datasets/' },
      to: {
        path: '^(?!datasets/|engine/(checked|errors|printable|random)\\.ts$|engine/(files|host)/|coco-ts/|node_modules/)',
        dependencyTypesNot: ['core'],
      },
    },
    {
      name: 'coco-ts-has-no-dependencies',
      severity: 'error',
      from: { path: '^coco-ts/src/' },
      to: { pathNot: '^coco-ts/src/', dependencyTypesNot: ['core'] },
    },
    {
      name: 'portable-without-node',
      comment:
        'this runs in a browser: Node belongs in engine/tensorflow, engine/files, pretrained/files, training/run, datasets, tools',
      severity: 'error',
      from: { path: PORTABLE },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'portable-imports-portable',
      comment: 'this runs in a browser, so what it imports must, too',
      severity: 'error',
      from: { path: PORTABLE },
      to: {
        path: '^(engine/(tensorflow|host|files)/|weights/fileSource|pretrained/files/|training/run/|deploy/(onnxruntime|host)/|tools/|configs/)',
      },
    },
    {
      name: 'portable-data-only',
      comment:
        'of data sets, what runs in a browser sees values: samples, their types and boxes, rules of intensity, placements, encoders, transforms',
      severity: 'error',
      from: { path: PORTABLE },
      to: {
        path: '^datasets/(?!(sample|boxAt|placement|encoder|dataset|outside|suggestion|editDistance|pixelTypes|intensity|caseStatistics|packedMasks|overlap)\\.ts$|transforms/|evaluators/)',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'everything-resolves',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^(#tfjs-node$|onnxruntime-web/)' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules|/dist/' },
    exclude: { path: '(^|/)dist/|\\.d\\.ts$' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
