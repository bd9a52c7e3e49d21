/**
 * The memory of a process, as the kernel counts it.
 *
 * @module
 */

/** The most memory in bytes that this process ever had in use. */
export function peakMemory(): number {
  const status = Deno.readTextFileSync("/proc/self/status");
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return Number(kibibytes) * 1024;
}
