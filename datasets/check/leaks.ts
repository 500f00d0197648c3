import { DataError } from '../../engine/errors.js';
import { shownName } from '../../engine/printable.js';
import type { Dataset, MedicalCase } from '../dataset.js';
import type { SplitName } from '../formats/index.js';

/** Names that an error lists. */
const NAMED = 5;

/** Cases of which the patient, or every pixel, is among those of training; null: there are none, or the data are not medical. */
export function findLeak(train: Dataset, other: Dataset, split: SplitName): DataError | null {
  const seen = new Map(train.cases?.map(({ digest, patient }) => [digest, patient]));
  const patients = new Set(train.cases?.map(({ patient }) => patient));
  const leaks = (other.cases ?? []).flatMap(({ patient, digest }: MedicalCase): string[] => {
    if (patients.has(patient)) return [`patient ${shownName(patient)}`];
    const twin = seen.get(digest);
    return twin === undefined ? [] : [`${shownName(patient)}, whose pixels are those of ${shownName(twin)}`];
  });
  if (leaks.length === 0) return null;
  const named = [...new Set(leaks)];
  const rest = named.length > NAMED ? ` and ${named.length - NAMED} more` : '';
  return new DataError(
    train.source,
    `${split} measures what training sees: ${named.slice(0, NAMED).join('; ')}${rest}: name other patients in data.train or data.${split}`,
    38,
  );
}
