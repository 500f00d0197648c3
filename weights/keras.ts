import { WeightsError } from '../engine/errors.js';
import type { ByteSource } from './bytes/byteSource.js';
import { readZip } from './bytes/zip.js';
import { type Hdf5Group, readHdf5 } from './hdf5/hdf5.js';
import type { LazyTensor, WeightsFile } from './weightsFile.js';

/** Variables of a layer in the order in which `.weights.h5` numbers them, by the layer's class and how many there are. */
const BATCH_NORM = {
  4: ['gamma', 'beta', 'moving_mean', 'moving_variance'],
  3: ['beta', 'moving_mean', 'moving_variance'],
  2: ['moving_mean', 'moving_variance'],
} as const;
const SEPARABLE = ['depthwise_kernel', 'pointwise_kernel', 'bias'] as const;
const VARIABLES: Readonly<Record<string, (count: number) => readonly string[]>> = {
  batch_normalization: (count) => BATCH_NORM[count as keyof typeof BATCH_NORM] ?? [],
  layer_normalization: () => ['gamma', 'beta'],
  separable_conv2d: () => SEPARABLE,
  normalization: () => ['mean', 'variance', 'count'],
};
const KERNEL = ['kernel', 'bias'] as const;

const RESCALING = /^rescaling(_\d+)?$/;

const MAX_NOTE = 200;

/**
 * Opens weights that Keras saved: `.h5` (a whole model or its weights), `.weights.h5`, or the `.keras` archive around one.
 * Names are `layer/variable`, as in `stem_conv/kernel`, whatever the file's own way of naming.
 *
 * @throws WeightsError when the file is damaged or holds no weights
 */
export function openKeras(source: ByteSource): WeightsFile {
  const root = readHdf5(source);
  const whole = root.groups.get('model_weights') ?? root;
  const isOld = listOf(whole, 'layer_names').length > 0;
  const tensors = new Map<string, LazyTensor>();
  if (isOld) for (const layer of listOf(whole, 'layer_names')) addNamed(whole, layer, tensors);
  else addNumbered(root, 'model', tensors);
  if (tensors.size === 0) addAll(root, '', tensors);
  if (tensors.size === 0) throw new WeightsError(`${source.name} holds no tensors`);
  return { format: 'keras', tensors, metadata: { ...notes(root, whole), ...rescalings(root, whole) } };
}

/** The weights inside a `.keras` archive. */
export function openKerasArchive(source: ByteSource): WeightsFile {
  const entry = readZip(source).find(({ name }) => name === 'model.weights.h5');
  if (!entry) throw new WeightsError("the archive has no 'model.weights.h5': not a Keras file");
  return openKeras(entry.open());
}

/** A list of an attribute, which Keras splits into numbered ones when it is long. */
function listOf({ attributes }: Hdf5Group, name: string): readonly string[] {
  const whole = attributes.get(name);
  if (whole) return whole;
  const parts: string[] = [];
  for (let i = 0; attributes.has(`${name}${i}`); i++) parts.push(...(attributes.get(`${name}${i}`) ?? []));
  return parts;
}

/** `block1/block1_conv/kernel:0` of a layer's list -> `block1_conv/kernel`. */
function addNamed(whole: Hdf5Group, layer: string, tensors: Map<string, LazyTensor>): void {
  const group = whole.groups.get(layer);
  if (!group) throw new WeightsError(`the Keras file lists the layer '${layer}', which it does not hold`);
  for (const path of listOf(group, 'weight_names')) {
    const parts = path.split('/');
    const last = parts.pop() ?? '';
    let at: Hdf5Group | undefined = group;
    for (const part of parts) at = at?.groups.get(part);
    const tensor = at?.datasets.get(last);
    if (!tensor) throw new WeightsError(`the Keras file lists the weight '${path}', which it does not hold`);
    add(tensors, `${parts.at(-1) ?? layer}/${last.replace(/:\d+$/, '')}`, tensor);
  }
}

/** `layers/conv2d_3/vars/0`: the layer's own name is an attribute, its class the group's name. */
function addNumbered(group: Hdf5Group, name: string, tensors: Map<string, LazyTensor>): void {
  for (const [child, inner] of group.groups) {
    if (child === 'vars') addVariables(inner, name, tensors);
    else if (child !== 'optimizer') addNumbered(inner, child, tensors);
  }
}

function addVariables(vars: Hdf5Group, group: string, tensors: Map<string, LazyTensor>): void {
  const layer = vars.attributes.get('name')?.[0] ?? group;
  const variables = [...vars.datasets].sort(([a], [b]) => Number(a) - Number(b));
  const names = VARIABLES[group.replace(/_\d+$/, '')]?.(variables.length) ?? KERNEL;
  variables.forEach(([number, tensor], i) => {
    add(tensors, `${layer}/${names[i] ?? number}`, tensor);
  });
}

/** Any other HDF5 file: paths as they are. */
function addAll(group: Hdf5Group, path: string, tensors: Map<string, LazyTensor>): void {
  for (const [name, tensor] of group.datasets) add(tensors, path + name, tensor);
  for (const [name, inner] of group.groups) addAll(inner, `${path}${name}/`, tensors);
}

function add(tensors: Map<string, LazyTensor>, name: string, tensor: LazyTensor): void {
  if (tensors.has(name)) throw new WeightsError(`the Keras file has two weights called '${name}'`);
  tensors.set(name, tensor);
}

/** How many layers only rescale: they have no weights, but a place among the groups, the lists or in the description. */
function rescalings(root: Hdf5Group, whole: Hdf5Group): Record<string, string> {
  const names = [...groupNames(root), ...listOf(whole, 'layer_names')].filter((name) => RESCALING.test(name));
  const described =
    root.attributes
      .get('model_config')
      ?.join('')
      .match(/"class_name": ?"Rescaling"/g) ?? [];
  return { rescalings: String(Math.max(new Set(names).size, described.length)) };
}

function groupNames({ groups }: Hdf5Group): readonly string[] {
  return [...groups].flatMap(([name, inner]) => [name, ...groupNames(inner)]);
}

function notes(...groups: readonly Hdf5Group[]): Record<string, string> {
  const entries = groups.flatMap(({ attributes }) =>
    [...attributes].map(([key, texts]) => [key, texts.join(',')] as const),
  );
  return Object.fromEntries(entries.filter(([, text]) => text.length <= MAX_NOTE));
}
