/** A published wheel, and the digest the package index states for it. */
export interface Wheel {
  /** E.g. `tensorflow-cpu==2.21.0`. */
  readonly requirement: string;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

/** Wheels that together make one runtime on one platform. */
export interface Runtime {
  readonly version: string;
  /** `process.platform`-`process.arch`. */
  readonly platform: string;
  readonly gpu: boolean;
  /** The first one carries libtensorflow. */
  readonly wheels: readonly Wheel[];
}

/** What this release was tested with. */
export const RUNTIME_VERSION = '2.21.0';

/** pip's names of the platforms, newest first: a wheel for any of them runs. */
const PLATFORM_TAGS: { readonly [platform: string]: readonly string[] } = {
  'linux-x64': ['manylinux_2_27_x86_64', 'manylinux_2_17_x86_64', 'manylinux2014_x86_64', 'manylinux2010_x86_64'],
  'linux-arm64': ['manylinux_2_27_aarch64', 'manylinux_2_17_aarch64', 'manylinux2014_aarch64'],
  'darwin-arm64': ['macosx_12_0_arm64'],
};

/** Libraries of the `and-cuda` extra of TensorFlow 2.21.0, resolved for CPython 3.12 on Linux x64. */
const CUDA_WHEELS: readonly Wheel[] = [
  ['nvidia-cublas-cu12==12.9.3.13', 'd7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72'],
  ['nvidia-cuda-cupti-cu12==12.8.90', 'ea0cb07ebda26bb9b29ba82cda34849e73c166c18162d3913575b0c9db9a6182'],
  ['nvidia-cuda-nvcc-cu12==12.9.86', '5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0'],
  ['nvidia-cuda-nvrtc-cu12==12.9.86', '210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4'],
  ['nvidia-cuda-runtime-cu12==12.9.79', '25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3'],
  ['nvidia-cudnn-cu12==9.28.0.42', '9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375'],
  ['nvidia-cufft-cu12==11.4.1.4', 'c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28'],
  ['nvidia-curand-cu12==10.3.10.19', '49b274db4780d421bd2ccd362e1415c13887c53c214f0d4b761752b8f9f6aa1e'],
  ['nvidia-cusolver-cu12==11.7.5.82', '15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88'],
  ['nvidia-cusparse-cu12==12.5.10.65', '73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78'],
  ['nvidia-nccl-cu12==2.32.3', 'bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c'],
  ['nvidia-nvjitlink-cu12==12.9.86', 'e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9'],
].map(([requirement = '', sha256 = '']) => ({ requirement, sha256 }));

const runtime = (requirement: string, platform: string, sha256: string, more: readonly Wheel[] = []): Runtime => ({
  version: requirement.replace(/^.*==/, ''),
  platform,
  gpu: more.length > 0,
  wheels: [{ requirement, sha256 }, ...more],
});

/**
 * The published wheels of a name, e.g. `tensorflow_cpu-2.21.0-cp312-cp312-manylinux_2_27_x86_64.whl`, for a platform; none for
 * a version of which no digest is known.
 */
export function publishedWheels(name: string, platform = thisPlatform()): readonly Wheel[] {
  const [distribution = '', version] = name.split('-');
  const requirement = `${distribution.replaceAll('_', '-').toLowerCase()}==${version}`;
  const wheels = RUNTIMES.filter((each) => each.platform === platform).flatMap((each) => each.wheels);
  return wheels.filter((wheel) => wheel.requirement === requirement);
}

/** Every runtime that can be fetched; digests as the package index states them. */
export const RUNTIMES: readonly Runtime[] = [
  runtime('tensorflow-cpu==2.21.0', 'linux-x64', 'dcc8afd32930e42d5296b6ee19078b773706830af4ea97fbe503b9f5e0f820cb'),
  runtime('tensorflow==2.21.0', 'linux-arm64', 'b07d15737406533898e36c7ef7944b1be18e9028dc521b9229952c537bbc5552'),
  runtime('tensorflow==2.21.0', 'darwin-arm64', '56ecd7d47429acbe1df2694d50b75bf9fc3995ac92cb367cd9af6c4780ead712'),
  runtime(
    'tensorflow==2.21.0',
    'linux-x64',
    'b3b95643c4e70eb925839938fb35cbe142f317ec84af6844ee61513713bb13c0',
    CUDA_WHEELS,
  ),
  runtime('tensorflow-cpu==2.20.0', 'linux-x64', 'c7a9224185818094ed95c4e114d3efe77241db35fbf0b75251fb2bf6222dd6a7'),
  runtime('tensorflow==2.20.0', 'linux-arm64', '2bfbfb3dd0e22bffc45fe1e922390d27753e99261fab8a882e802cf98a0e078f'),
  runtime('tensorflow==2.20.0', 'darwin-arm64', '52b122f0232fd7ab10f28d537ce08470d0b6dcac7fff9685432daac7f8a06c8f'),
];

export interface RuntimeChoice {
  readonly version?: string;
  readonly gpu?: boolean;
  /** Another machine's platform, for tests and for preparing one. Defaults to this machine's. */
  readonly platform?: string;
}

export const thisPlatform = (): string => `${process.platform}-${process.arch}`;

/** The runtime for a platform; a sentence where there is none, which says what there is. */
export function chooseRuntime(choice: RuntimeChoice = {}): Runtime | string {
  const { version = RUNTIME_VERSION, gpu = false, platform = thisPlatform() } = choice;
  const here = RUNTIMES.filter((each) => each.platform === platform);
  if (here.length === 0)
    return `${noLibrary(platform)}; there is one for ${listed(RUNTIMES.map((each) => each.platform))}`;
  const kind = here.filter((each) => each.gpu === gpu);
  if (kind.length === 0)
    return `TensorFlow has no CUDA library for ${platform}, only for linux-x64: install without --gpu`;
  const known = listed(kind.map((each) => each.version));
  return (
    kind.find((each) => each.version === version) ??
    `no digest of TensorFlow ${version}${gpu ? ' with CUDA' : ''} for ${platform} is known, only of ${known}: fetch the wheel yourself and give it with --from`
  );
}

function noLibrary(platform: string): string {
  if (platform.startsWith('win32')) {
    return `TensorFlow's wheels for Windows hold no libtensorflow_cc (its C functions are inside _pywrap_tensorflow_internal.pyd), so there is no library for ${platform}: use WSL 2, or the wasm engine`;
  }
  return `TensorFlow publishes no library for ${platform}`;
}

/**
 * `pip download` arguments for one wheel: whatever Python pip runs under, the same file is chosen.
 *
 * @param platform one of the platforms of `RUNTIMES`
 */
export function pipArguments({ requirement }: Wheel, platform: string): readonly string[] {
  const tags = (PLATFORM_TAGS[platform] ?? []).flatMap((tag) => ['--platform', tag]);
  const python = ['--python-version', '3.12', '--implementation', 'cp', '--abi', 'cp312'];
  return ['--no-deps', '--only-binary=:all:', ...python, ...tags, requirement];
}

const listed = (names: readonly string[]): string => [...new Set(names)].join(', ');
