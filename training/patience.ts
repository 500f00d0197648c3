/** What evaluations without a better one have come to. Plain JSON. */
export interface Patience {
  /** Evaluations since the best. */
  readonly sinceBest: number;
  /** Those since the best or since the rate was lowered. */
  readonly borne: number;
  /** On the learning rate. */
  readonly rateFactor: number;
}

export const PATIENT: Patience = { sinceBest: 0, borne: 0, rateFactor: 1 };

/** How a rate is lowered where evaluations get no better; null: it is not. */
export type Plateau = { readonly factor: number; readonly patience: number } | null;

/** After one more evaluation, as PyTorch's `ReduceLROnPlateau` without threshold and cooldown. */
export function afterEvaluation(
  { sinceBest, borne, rateFactor }: Patience,
  isBest: boolean,
  plateau: Plateau,
): Patience {
  if (isBest) return { sinceBest: 0, borne: 0, rateFactor };
  const isLowered = plateau !== null && borne + 1 > plateau.patience;
  return {
    sinceBest: sinceBest + 1,
    borne: isLowered ? 0 : borne + 1,
    rateFactor: isLowered ? rateFactor * plateau.factor : rateFactor,
  };
}
