/** One image of a patient. */
export interface View {
  /** patient-000 and on. */
  readonly patient: string;
  /** 0 or 1. */
  readonly view: number;
  readonly part: 'train' | 'val';
}

const VIEWS = 2;

/** So many images, two of each patient, so that there are two patients; those of the last fifth of the patients validate. */
export function patientsOf(images: number): {
  readonly views: readonly View[];
  readonly train: number;
  readonly val: number;
} {
  const each = images > VIEWS ? VIEWS : 1;
  const patients = Math.ceil(images / each);
  const first = patients - Math.max(1, Math.round(patients / 5));
  const views = Array.from({ length: images }, (_, i): View => {
    const number = Math.floor(i / each);
    const part = number < first ? 'train' : 'val';
    return { patient: `patient-${String(number).padStart(3, '0')}`, view: i % each, part };
  });
  const train = views.filter(({ part }) => part === 'train').length;
  return { views, train, val: images - train };
}
