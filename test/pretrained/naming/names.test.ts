import { describe, expect, it } from 'vitest';
import type { ParameterLayout } from '../../../backbones/module.js';
import { convertWeights } from '../../../pretrained/convert.js';
import type { ParameterSlot, Slots } from '../../../pretrained/slot.js';
import { type HostTensor, sizeOf } from '../../../weights/hostTensor.js';
import { heldTensor, type WeightsFile } from '../../../weights/weightsFile.js';
import { golden } from '../../data.js';

/** Made by bench/weights/names.py. */
interface Names {
  readonly pairs: readonly (readonly [file: string, arch: string])[];
  /** name|shape */
  readonly files: Readonly<Record<string, readonly string[]>>;
  /** name|shape|layout */
  readonly networks: Readonly<Record<string, readonly string[]>>;
}
const names = golden<Names>('weights/names.json.gz');

const LAYOUTS: Readonly<Record<string, ParameterLayout>> = { c: 'convolution', d: 'depthwise', l: 'dense', p: 'plain' };
const AXES = { convolution: [2, 3, 1, 0], depthwise: [2, 3, 0, 1], dense: [1, 0], plain: null } as const;

const shapeOf = (text: string): number[] => (text === '' ? [] : text.split(',').map(Number));
const split = (line: string): [string, number[], string] => {
  const [name = '', shape = '', layout = 'p'] = line.split('|');
  return [name, shapeOf(shape), layout];
};

/** A network of timm by its state dict: no values. */
function slots(arch: string): Slots {
  const parameters = new Map<string, ParameterSlot>();
  for (const [name, shape, letter] of (names.networks[arch] ?? []).map(split)) {
    const layout = LAYOUTS[letter] ?? 'plain';
    const order: readonly number[] | null = AXES[layout];
    const memory = order === null ? shape : order.map((axis) => shape[axis] as number);
    parameters.set(name, { layout, role: letter === 'p' ? 'bias' : 'weight', variable: { shape: memory } });
  }
  return { parameters };
}

/** A file of these names and shapes, full of zeros. */
function fileOf(name: string): WeightsFile {
  const tensors = new Map(
    (names.files[name] ?? []).map((line) => {
      const [tensor, shape] = split(line);
      const read = (): HostTensor => ({ dtype: 'F32', shape, data: new Float32Array(sizeOf(shape)) });
      return [tensor, { dtype: 'F32' as const, shape, read }];
    }),
  );
  return { format: 'pytorch', tensors, metadata: {} };
}

describe('names of other libraries', () => {
  it.each(names.pairs)('%s fills every parameter of %s, with its shape', (file, arch) => {
    const { report, scheme } = convertWeights(fileOf(file), slots(arch));
    expect(report).toMatchObject({ missing: [], reshaped: [], unexpected: [] });
    expect(report.loaded).toHaveLength(names.networks[arch]?.length ?? 0);
    const [library = ''] = file.split(' ');
    expect([library, 'timm'].some((owner) => scheme.startsWith(owner))).toBe(true);
  });

  const target = slots('tf_efficientnet_b0');
  const shapes = new Map([...target.parameters].map(([name, { variable }]) => [name, variable.shape]));

  /** A state dict of EfficientNet-PyTorch, made from its own numbering of the blocks. */
  function flatFile(): WeightsFile {
    const blocks = [...new Set([...shapes.keys()].flatMap((name) => /^blocks\.\d+\.\d+/.exec(name)?.[0] ?? []))];
    const separable: Record<string, string> = {
      conv_dw: '_depthwise_conv',
      bn1: '_bn1',
      'se.conv_reduce': '_se_reduce',
      'se.conv_expand': '_se_expand',
      conv_pw: '_project_conv',
      bn2: '_bn2',
    };
    const inverted: Record<string, string> = {
      conv_pw: '_expand_conv',
      bn1: '_bn0',
      conv_dw: '_depthwise_conv',
      bn2: '_bn1',
      'se.conv_reduce': '_se_reduce',
      'se.conv_expand': '_se_expand',
      conv_pwl: '_project_conv',
      bn3: '_bn2',
    };
    const ends: Record<string, string> = {
      conv_stem: '_conv_stem',
      bn1: '_bn0',
      conv_head: '_conv_head',
      bn2: '_bn1',
      classifier: '_fc',
    };
    const tensors = new Map(
      (names.networks.tf_efficientnet_b0 ?? []).map((line) => {
        const [name, shape] = split(line);
        const [, path, layer = '', variable] = /^(?:(blocks\.\d+\.\d+)\.)?(.+)\.(\w+)$/.exec(name) ?? [];
        const index = blocks.indexOf(path ?? '');
        const own =
          index < 0 ? ends[layer] : `_blocks.${index}.${(path === 'blocks.0.0' ? separable : inverted)[layer]}`;
        return [`${own}.${variable}`, heldTensor({ dtype: 'F32', shape, data: new Float32Array(sizeOf(shape)) })];
      }),
    );
    return { format: 'pytorch', tensors, metadata: {} };
  }

  it('of EfficientNet-PyTorch fill every parameter, blocks counted through', () => {
    const { scheme, report } = convertWeights(flatFile(), target);
    expect(scheme).toBe('EfficientNet-PyTorch');
    expect(report.loaded).toHaveLength(shapes.size);
  });

  it('of effdet lose the prefix of its training wrapper', () => {
    const slot: ParameterSlot = { layout: 'plain', role: 'bias', variable: { shape: [2] } };
    const module = {
      parameters: new Map([
        ['fpn.a.bias', slot],
        ['class_net.b.bias', slot],
      ]),
    };
    const held = heldTensor({ dtype: 'F32', shape: [2], data: new Float32Array(2) });
    const tensors = new Map([
      ['model.fpn.a.bias', held],
      ['model.class_net.b.bias', held],
    ]);
    const { scheme, report } = convertWeights({ format: 'pytorch', tensors, metadata: {} }, module);
    expect([scheme, report.loaded]).toEqual(['timm', ['fpn.a.bias', 'class_net.b.bias']]);
  });
});

describe('values of other layouts', () => {
  const counting = (shape: readonly number[]) =>
    heldTensor({ dtype: 'F32', shape, data: Float32Array.from({ length: sizeOf(shape) }, (_, i) => i) });
  const slot = (layout: ParameterLayout, shape: readonly number[]): ParameterSlot => ({
    layout,
    role: 'weight',
    variable: { shape },
  });
  const place = (name: string, own: string, shape: readonly number[], target: ParameterSlot) => {
    const marks = ['block1a_dwconv/kernel', 'blocks.0.0.conv_dw.weight'] as const;
    const tensors = new Map([[name, counting(shape)]]);
    const parameters = new Map([[own, target]]);
    if (!tensors.has(marks[0])) {
      tensors.set(marks[0], counting([1, 1, 1, 1]));
      parameters.set(marks[1], slot('depthwise', [1, 1, 1, 1]));
    }
    return convertWeights({ format: 'keras', tensors, metadata: {} }, { parameters }).tensors.get(own);
  };

  it('are turned from TensorFlow to PyTorch: a kernel [kh, kw, in, out]', () => {
    const placed = place('stem_conv/kernel', 'conv_stem.weight', [1, 2, 3, 2], slot('convolution', [1, 2, 3, 2]));
    expect(placed?.shape).toEqual([2, 3, 1, 2]);
    // [out 1, in 2, row 0, column 1] lies at ((0 * 2 + 1) * 3 + 2) * 2 + 1 in TensorFlow, at ((1 * 3 + 2) * 1 + 0) * 2 + 1 here.
    expect(placed?.data[11]).toBe(11);
    expect([...(placed?.data ?? [])]).toEqual([0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11]);
  });

  it('are turned where the convolution is depthwise [kh, kw, C, 1], and where the layer is dense [in, out]', () => {
    const depthwise = place(
      'block1a_dwconv/kernel',
      'blocks.0.0.conv_dw.weight',
      [1, 2, 3, 1],
      slot('depthwise', [1, 2, 3, 1]),
    );
    expect([depthwise?.shape, [...(depthwise?.data ?? [])]]).toEqual([
      [3, 1, 1, 2],
      [0, 3, 1, 4, 2, 5],
    ]);
    const dense = place('predictions/kernel', 'classifier.weight', [2, 3], slot('dense', [2, 3]));
    expect([dense?.shape, [...(dense?.data ?? [])]]).toEqual([
      [3, 2],
      [0, 3, 1, 4, 2, 5],
    ]);
  });
});

describe('a conversion that does not fit', () => {
  const held = (shape: readonly number[]) => heldTensor({ dtype: 'F32', shape, data: new Float32Array(sizeOf(shape)) });
  const slot = (shape: readonly number[]): ParameterSlot => ({ layout: 'plain', role: 'bias', variable: { shape } });
  const module = {
    parameters: new Map([
      ['a.bias', slot([2])],
      ['b.bias', slot([3])],
      ['c.bias', slot([4])],
    ]),
  };
  const file: WeightsFile = {
    format: 'pytorch',
    metadata: {},
    tensors: new Map([
      ['a.bias', held([2])],
      ['b.bias', held([5])],
      ['extra', held([1])],
      ['a.num_batches_tracked', held([])],
    ]),
  };
  const REPORT = {
    loaded: ['a.bias'],
    missing: ['c.bias'],
    unexpected: ['extra'],
    reshaped: [{ name: 'b.bias', file: [5], module: [3] }],
  };

  it('is reported, and refused', () => {
    const reports: object[] = [];
    const convert = () => convertWeights(file, module, { onReport: ({ report }) => reports.push(report) });
    expect(convert).toThrow(
      "'b.bias' is [5] in the file and [3] in the network; the file lacks 'c.bias'; the network has no 'extra'",
    );
    expect(reports).toEqual([REPORT]);
  });

  it('is done in part where every difference is listed, and only then', () => {
    const { report, tensors } = convertWeights(file, module, { partial: ['b.*', 'c.bias', 'extra'] });
    expect(report).toEqual(REPORT);
    expect([...tensors.keys()]).toEqual(['a.bias']);
    expect(() => convertWeights(file, module, { partial: ['b.*', 'c.bias'] })).toThrow("the network has no 'extra'");
    expect(() => convertWeights(file, module, { partial: ['b', 'c.bias', 'extra'] })).toThrow("'b.bias' is [5]");
  });
});

describe("weights of Keras's VGG, which saw BGR images", () => {
  const module: Slots = {
    parameters: new Map([
      ['features.0.weight', { layout: 'convolution', role: 'weight', variable: { shape: [1, 1, 3, 2] } }],
    ]),
  };
  const kernel: HostTensor = { dtype: 'F32', shape: [1, 1, 3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) };
  const file = (name: string, metadata: Record<string, string> = {}): WeightsFile => {
    return { format: 'keras', tensors: new Map([[name, heldTensor(kernel)]]), metadata };
  };
  const stemOf = ({ tensors }: ReturnType<typeof convertWeights>): number[] =>
    Array.from((tensors.get('features.0.weight') as HostTensor).data, Number);

  it('fit RGB images, and say by which means', () => {
    const conversion = convertWeights(file('block1_conv1/kernel'), module);
    expect(stemOf(conversion)).toEqual([5, 3, 1, 6, 4, 2]); // [out, in]: blue, green, red became red, green, blue
    expect(conversion.preprocessing).toEqual({ channels: 'RGB', mean: [123.68, 116.779, 103.939], std: [1, 1, 1] });
  });

  it('stay as they are where the images are said to be our own', () => {
    const conversion = convertWeights(file('block1_conv1/kernel'), module, { preparation: 'own' });
    expect(stemOf(conversion)).toEqual([1, 3, 5, 2, 4, 6]);
    expect(conversion.preprocessing).toBeNull();
  });

  it('are those of no other library, whose files may say what they expect', () => {
    const shared = {
      ...file('features.0.weight'),
      tensors: new Map([['features.0.weight', heldTensor({ ...kernel, shape: [2, 3, 1, 1] })]]),
    };
    expect(() => convertWeights(shared, module, { preparation: 'caffe' })).toThrow(/weights of timm/);
    const said = { channels: 'RGB', mean: [1, 2, 3], std: [4, 5, 6] };
    expect(
      convertWeights({ ...shared, metadata: { preprocessing: JSON.stringify(said) } }, module).preprocessing,
    ).toEqual(said);
    const damaged = { ...shared, metadata: { preprocessing: '{"mean":[1' } };
    expect(() => convertWeights(damaged, module)).toThrow("the entry 'preprocessing' of the file is damaged");
  });
});
