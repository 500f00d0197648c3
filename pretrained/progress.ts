/** Calls `say` at every tenth of a download, for logs. */
export function sayTenths(name: string, say: (line: string) => void): (received: number, total: number | null) => void {
  let said = -1;
  return (received, total) => {
    if (total === null || total === 0) return;
    const tenth = Math.floor((10 * received) / total);
    if (tenth === said) return;
    said = tenth;
    say(`fetching ${name}: ${tenth}0 % of ${megabytes(total)}`);
  };
}

export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
