import type { Detections } from '../../datasets/sample.js';
import { boxIou } from './iou.js';

export interface FusionOptions {
  /** IoU above which boxes of a class are one object. */
  readonly iouThreshold: number;
  readonly limit: number;
}

/** A box of one of several answers: which answer, and its row there. */
export interface Member {
  readonly answer: number;
  readonly row: number;
  readonly score: number;
}

interface Cluster {
  readonly label: number;
  readonly members: Member[];
  /** Sums over the members, weighted by their scores; x1 y1 x2 y2. */
  readonly sums: [number, number, number, number];
  total: number;
  /** x1 y1 x2 y2. */
  box: readonly number[];
}

/**
 * Weighted box fusion of several answers for one image: boxes of a class that overlap become their mean, weighted by their scores; its
 * score is their sum over the number of answers, so that what fewer answers found counts less. Two boxes of one answer stay two objects, as
 * its own suppression left them; the paper joins these, too, which costs crowded objects.
 *
 * @returns best score first, and what each was made of
 * @source Solovyev et al. 2019, arXiv:1910.13302, section 3
 */
export function fuseBoxes(
  answers: readonly Detections[],
  { iouThreshold, limit }: FusionOptions,
): { readonly detections: Detections; readonly members: readonly (readonly Member[])[] } {
  const all = answers.flatMap(({ scores }, answer) =>
    Array.from(scores, (score, row): Member => ({ answer, row, score })),
  );
  all.sort((a, b) => b.score - a.score || a.answer - b.answer || a.row - b.row);
  const clusters: Cluster[] = [];
  for (const member of all) {
    const { boxes, labels } = answers[member.answer]!;
    const box = Array.from(boxes.subarray(member.row * 4, member.row * 4 + 4));
    const label = labels[member.row]!;
    const cluster = nearest(clusters, label, box, member.answer, iouThreshold) ?? startCluster(clusters, label);
    cluster.members.push(member);
    cluster.total += member.score;
    box.forEach((side, i) => {
      cluster.sums[i]! += member.score * side;
    });
    cluster.box = cluster.total > 0 ? cluster.sums.map((sum) => sum / cluster.total) : box;
  }
  const scored = clusters.map((cluster) => ({ cluster, score: cluster.total / answers.length }));
  const kept = scored.sort((a, b) => b.score - a.score).slice(0, limit);
  return {
    detections: {
      boxes: Float32Array.from(kept.flatMap(({ cluster }) => cluster.box)),
      labels: Int32Array.from(kept, ({ cluster }) => cluster.label),
      scores: Float32Array.from(kept, ({ score }) => score),
    },
    members: kept.map(({ cluster }) => cluster.members),
  };
}

/** The cluster of a class whose box overlaps most. */
function nearest(
  clusters: readonly Cluster[],
  label: number,
  box: readonly number[],
  answer: number,
  least: number,
): Cluster | undefined {
  let [found, most] = [undefined as Cluster | undefined, least];
  for (const cluster of clusters) {
    if (cluster.label !== label || cluster.members.some((member) => member.answer === answer)) continue;
    const iou = boxIou([...cluster.box, ...box], 0, 1);
    if (iou > most) [found, most] = [cluster, iou];
  }
  return found;
}

function startCluster(clusters: Cluster[], label: number): Cluster {
  const cluster: Cluster = { label, members: [], sums: [0, 0, 0, 0], total: 0, box: [] };
  clusters.push(cluster);
  return cluster;
}
