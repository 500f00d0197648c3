import type { Preprocessing, Pretrainable } from '../backbones/backbone.js';
import { isBelow } from '../backbones/frozen.js';
import { architectureOf, createClassifier } from '../backbones/index.js';
import type { Module } from '../backbones/module.js';
import { foldPreprocessing, inChannelsOf } from '../backbones/stem.js';
import type { CheckpointPart } from '../weights/pytorch/checkpointParts.js';
import type { WeightsFile } from '../weights/weightsFile.js';
import { requireArchitecture } from './architecture.js';
import { averagesOf } from './averages.js';
import { ANYTHING, allowance, type Conversion, type ConvertOptions, convertWeights, type Target } from './convert.js';
import { type Match, matchNames } from './naming/match.js';
import { checkComplete, compareStateDict, type LoadReport, loadStateDict } from './stateDict.js';
import { wholeNetwork } from './wholeNetwork.js';

/** What weights go into: a backbone, a classifier, a detector or segmenter, or any module by its own names. */
export interface Loadable extends Module, Partial<Omit<Pretrainable, keyof Module>> {
  /** The part of a detector or segmenter that the parameters below `backbone.` are. */
  readonly backbone?: Pretrainable;
  /** Backbone and head as a published classifier has them, where they are one. */
  readonly classifier?: Pretrainable;
}

export interface LoadWeightsOptions extends Pick<ConvertOptions, 'prefix' | 'preparation'> {
  /** Which weights of a checkpoint with two sets. Defaults to the running average where there is one. */
  readonly part?: CheckpointPart;
  /**
   * Parameters that the file may lack or have in another shape, which keep their values, and tensors of the file that may
   * stay unused: names, of a detector or segmenter those of its backbone, or beginnings of names that end in '*'. Defaults
   * to none.
   */
  readonly partial?: readonly string[];
}

/** What was loaded, by the names of what was filled. */
export interface LoadedWeights extends LoadReport, Pick<Conversion, 'scheme' | 'prefix'> {
  /** The file or the published weights, with their licence. */
  readonly source: string;
  /** The whole network, or only the backbone of a detector or segmenter. */
  readonly into: 'network' | 'backbone';
  /** What the weights expect of an image; null: the file does not say, the network's own stays. */
  readonly preprocessing: Preprocessing | null;
}

/** Classes of a backbone's whole network; that a file has others does not matter to it. */
const CLASSES = 1000;
/** Beginning of the names of a backbone's parameters in a detector or segmenter. */
const BACKBONE = 'backbone.';

/**
 * Loads an open file of weights into a network. A backbone's every parameter must be there; what lies outside of it
 * (classifier, neck, heads) may stay unused, and of a classifier, neck or head what other classes make of another shape keeps
 * its values. The first convolution of RGB weights is made to fit images of other channels as `foldStem` does it. What the
 * weights expect of an image becomes the network's `preprocessing`. Nothing is changed when it throws.
 *
 * @param source name of the file
 * @throws WeightsError when a parameter is missing, of another shape or of whole numbers, the file's backbone has more of
 *   them, or the file says that it is of another architecture
 */
export function loadFile(
  network: Loadable,
  file: WeightsFile,
  source: string,
  options: LoadWeightsOptions = {},
): LoadedWeights {
  const { partial = [], preparation, prefix, part } = options;
  const opened = averagesOf(file, part);
  const trunk = trunkOf(network);
  if (!trunk) return loadModule(network, opened, source, options);
  requireArchitecture(trunk.architecture, opened.metadata.architecture, source);
  const { module, match, into, filled } = bestTarget(network, trunk, opened, prefix);
  const settings = { partial: ANYTHING, ...(preparation ? { preparation } : {}) };
  const conversion = convertWeights(opened, module, settings, match);
  checkFilled(filled, trunk, conversion, partial);
  const report = reportOf(conversion, loadStateDict(filled, conversion.tensors, { partial: true }), filled);
  const { scheme, preprocessing } = conversion;
  if (preprocessing) trunk.preprocessing = foldPreprocessing(preprocessing, inChannelsOf(trunk));
  return { ...report, source, into, scheme, prefix: conversion.prefix, preprocessing };
}

/** What went into the module, with what the conversion left out because of its shape or its name. */
function reportOf(conversion: Conversion, { loaded, missing, unexpected }: LoadReport, filled: Module): LoadReport {
  const reshaped = conversion.report.reshaped.filter(({ name }) => filled.parameters.has(name));
  const known = new Set(reshaped.map(({ name }) => name));
  return {
    loaded,
    missing: missing.filter((name) => !known.has(name)),
    unexpected: [...unexpected, ...conversion.report.unexpected],
    reshaped,
  };
}

/** The backbone of a detector or segmenter, with the head where they are a published classifier, or the network that is one itself. */
export function trunkOf(network: Loadable): Pretrainable | null {
  const { backbone, classifier, architecture, preprocessing, stem } = network;
  if (classifier ?? backbone) return classifier ?? backbone ?? null;
  return architecture && preprocessing && stem !== undefined ? (network as Pretrainable) : null;
}

/** Any module: everything must be there, by its own names. */
function loadModule(
  network: Module,
  file: WeightsFile,
  source: string,
  { partial, prefix }: LoadWeightsOptions,
): LoadedWeights {
  const conversion = convertWeights(file, network, {
    ...(partial ? { partial } : {}),
    ...(prefix === undefined ? {} : { prefix }),
  });
  const report = loadStateDict(network, conversion.tensors, { partial: true });
  const { scheme } = conversion;
  return { ...report, source, into: 'network', scheme, prefix: conversion.prefix, preprocessing: null };
}

interface Candidate {
  readonly module: Target;
  readonly match: Match;
  readonly into: LoadedWeights['into'];
  /** What its tensors go into. */
  readonly filled: Loadable;
}

/** The whole network, or the backbone of it: whichever the file fills more of; the whole one of equals. */
function bestTarget(network: Loadable, trunk: Pretrainable, file: WeightsFile, prefix?: string): Candidate {
  const classes = 'classes' in trunk ? Number(trunk.classes) : CLASSES;
  const inChannels = inChannelsOf(trunk);
  const own = wholeNetwork(() =>
    createClassifier({ arch: trunk.architecture, classes, inChannels, frozen: 'all', seed: 1 }),
  );
  const backbone: Candidate = {
    module: own,
    match: matchNames(file, own, prefix),
    into: trunk === network.backbone ? 'backbone' : 'network',
    filled: trunk,
  };
  if (!network.backbone) return backbone;
  const module = { parameters: network.parameters, stem: BACKBONE + trunk.stem };
  const match = matchNames(file, module, prefix);
  const isNamed = [...match.found.keys()].some((name) => name.startsWith(BACKBONE));
  const isWhole = isNamed ? filledOf(match, network) >= filledOf(backbone.match, trunk) : namesHeads(file);
  return isWhole ? { module, match, into: 'network', filled: network } : backbone;
}

/** Whether a graph is a detector's: its heads are among the names of its operations. */
function namesHeads({ layers = [] }: WeightsFile): boolean {
  return layers.some(({ output, weight }) => /(^|[/;])class_net/.test(`${output};${weight}`));
}

const filledOf = ({ found }: Match, { parameters }: Module): number =>
  [...parameters.keys()].filter((name) => found.has(name)).length;

/**
 * Every parameter of the backbone has its tensor, and the file's backbone is no larger.
 *
 * @throws WeightsError naming what differs
 */
function checkFilled(
  filled: Loadable,
  { architecture }: Pretrainable,
  { report, tensors, scheme }: Conversion,
  partial: readonly string[],
): void {
  const { stages, top } = architectureOf(architecture);
  const start = filled.backbone ? BACKBONE : '';
  const isAllowed = allowance(partial);
  const classifiers = [top.classifier, ...(top.distilled === undefined ? [] : [top.distilled])];
  const isNeeded = (name: string): boolean => name.startsWith(start) && !isAllowed(name.slice(start.length));
  const isOfClasses = (name: string): boolean => classifiers.some((path) => name.startsWith(`${path}.`));
  const isTrunk = (name: string): boolean => stages.some(({ paths }) => isBelow(paths, name.slice(start.length)));
  const { loaded, missing, reshaped } = compareStateDict(filled, tensors);
  const fits = new Set(loaded);
  const known = report.reshaped.filter(({ name }) => filled.parameters.has(name) && !fits.has(name));
  const shapes = new Map([...known, ...reshaped].map((difference) => [difference.name, difference] as const));
  const lacking = missing.filter((name) => isNeeded(name) && !shapes.has(name));
  const problem = scheme === 'graph' ? FOLDED : undefined;
  const differences = {
    missing: lacking,
    reshaped: [...shapes.values()].filter(({ name }) => isNeeded(name) && !isOfClasses(name)),
    // Names outside the trunk tell what the file has instead of what it lacks.
    unexpected: report.unexpected.filter((name) => isNeeded(name) && (lacking.length > 0 || isTrunk(name))),
  };
  checkComplete(differences, problem);
}

const FOLDED =
  'whoever exported this graph folded more than batch norms, or its layers follow each other in another order than those of the network: save the weights themselves instead, torch.save(model.state_dict(), file)';

/**
 * One line about a load: how much went where, what stood before the names, and what was not in the file.
 *
 * @param keep what parameters do that were not loaded
 */
export function describeLoaded(
  { source, loaded, missing, reshaped, into, prefix }: LoadedWeights,
  keep = 'keep their values',
): string {
  const kept = [...missing, ...reshaped.map(({ name }) => name)];
  const rest = kept.length === 0 ? '' : `; ${kept.length} ${keep}, e.g. ${kept[0]}`;
  const names = prefix === '' ? '' : `, by names without '${prefix}'`;
  return `${source}, ${loaded.length} tensors into the ${into}${names}${rest}`;
}
