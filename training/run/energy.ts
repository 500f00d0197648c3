import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { kernelText } from '../../engine/host/proc.js';

/** Energy since the process began to count, and where the figure comes from. */
export interface EnergyUse {
  readonly kilowattHours: number;
  /** `RAPL`: counters of the processor packages, everything that ran on them included; `estimate`: `formula`. */
  readonly source: 'RAPL' | 'estimate';
  readonly formula: string;
}

const POWERCAP = '/sys/class/powercap';
/** What a busy core of a processor takes where nothing is measured, W. */
const CORE_WATTS = 10;
const MICROJOULES_PER_KWH = 3.6e12;

/** Counters of whole packages, `intel-rapl:0`, not of their parts. */
function packages(): readonly string[] {
  try {
    return readdirSync(POWERCAP).filter((name) => /^intel-rapl:\d+$/.test(name));
  } catch {
    return [];
  }
}

interface Counter {
  readonly file: string;
  /** Value it wraps at, microjoules. */
  readonly wrap: number;
  before: number;
  total: number;
}

function countersOf(): readonly Counter[] {
  return packages().flatMap((name) => {
    const file = join(POWERCAP, name, 'energy_uj');
    const before = microjoules(file);
    const wrap = microjoules(join(POWERCAP, name, 'max_energy_range_uj'));
    return before === null ? [] : [{ file, before, wrap: wrap ?? 0, total: 0 }];
  });
}

function microjoules(file: string): number | null {
  const value = Number.parseInt(kernelText(file) ?? '', 10);
  return Number.isFinite(value) ? value : null;
}

const counters = countersOf();

/** Energy of this process's time so far, measured where the machine tells, else estimated from processor time. */
export function energyUse(): EnergyUse {
  if (counters.length === 0) {
    const { user, system } = process.cpuUsage(); // microseconds
    const formula = `processor time x ${CORE_WATTS} W a core`;
    return { kilowattHours: ((user + system) * CORE_WATTS) / MICROJOULES_PER_KWH, source: 'estimate', formula };
  }
  for (const counter of counters) {
    const now = microjoules(counter.file) ?? counter.before;
    counter.total += now >= counter.before ? now - counter.before : now + counter.wrap - counter.before;
    counter.before = now;
  }
  const total = counters.reduce((sum, counter) => sum + counter.total, 0);
  return { kilowattHours: total / MICROJOULES_PER_KWH, source: 'RAPL', formula: 'counters of the processor packages' };
}
