// One process: own.mjs FILE -> seconds of opening, reading and summing, sum, peak memory above the process with the library, MB.
import { readFileSync, writeFileSync } from 'node:fs';
import { withWeights } from '../../dist/weights/fileSource.js';
import { reusedMemory } from '../../dist/weights/hostMemory.js';

const memory = (field) =>
  Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1000;

/** Four sums at a time: additions wait for each other otherwise. */
function sum(values) {
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = values.length - (values.length % 4);
  for (let i = 0; i < whole; i += 4) {
    a += values[i];
    b += values[i + 1];
    c += values[i + 2];
    d += values[i + 3];
  }
  for (let i = whole; i < values.length; i++) a += values[i];
  return a + b + c + d;
}

for (let i = 0; i < 200; i++) sum(new Float32Array(4096)); // compiled before the clock runs
writeFileSync('/proc/self/clear_refs', '5');
const before = memory('VmRSS');
const start = performance.now();
const startCpu = process.cpuUsage();
const total = await withWeights(process.argv[2], ({ tensors }) => {
  let result = 0;
  const memory = reusedMemory();
  for (const tensor of tensors.values()) result += sum(tensor.read(memory).data);
  return result;
});
const seconds = (performance.now() - start) / 1000;
const { user, system } = process.cpuUsage(startCpu);
console.log(JSON.stringify({ seconds, cpu: (user + system) / 1e6, sum: total, extra: memory('VmHWM') - before }));
