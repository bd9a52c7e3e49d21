/**
 * Ids in the container and ids on the host.
 *
 * @see https://github.com/opencontainers/runtime-spec/blob/v1.2.0/config-linux.md#user-namespace-mappings
 * @module
 */
import { StrataError, UnmappedIdError } from "./errors.ts";
import type { IdMapping } from "./options.ts";

/** Which ids are meant. */
export type IdKind = "uid" | "gid";

/** chown(2) takes the one above for «leave it as it is». */
const MAX_ID = 0xfffffffe;

/**
 * Finds the host's id for one in the container.
 *
 * @param id The id in the container.
 * @param mappings The mappings; see `checkMappings`.
 * @param kind Which ids these are, for the message.
 * @returns The id on the host.
 * @throws {UnmappedIdError} Where no mapping covers the id.
 */
export function toHostId(
  id: number,
  mappings: readonly IdMapping[],
  kind: IdKind,
): number {
  for (const { containerID, hostID, size } of mappings) {
    if (id >= containerID && id < containerID + size) {
      return hostID + id - containerID;
    }
  }
  throw unmapped(id, kind, "in the container", "on the host");
}

/**
 * Finds the container's id for one on the host.
 *
 * @param id The id on the host.
 * @param mappings The mappings; see `checkMappings`.
 * @param kind Which ids these are, for the message.
 * @returns The id in the container.
 * @throws {UnmappedIdError} Where no mapping covers the id.
 */
export function toContainerId(
  id: number,
  mappings: readonly IdMapping[],
  kind: IdKind,
): number {
  for (const { containerID, hostID, size } of mappings) {
    if (id >= hostID && id < hostID + size) return containerID + id - hostID;
  }
  throw unmapped(id, kind, "on the host", "in the container");
}

/**
 * Checks that mappings are ranges of ids which do not overlap, on either side.
 *
 * @param mappings The mappings.
 * @param kind Which ids these are, for the message.
 * @throws {StrataError} Where a range is no range of ids, or two overlap.
 */
export function checkMappings(
  mappings: readonly IdMapping[],
  kind: IdKind,
): void {
  for (const mapping of mappings) {
    const { containerID, hostID, size } = mapping;
    const isRange = isId(containerID) && isId(hostID) && isId(size) &&
      size > 0 && containerID + size - 1 <= MAX_ID &&
      hostID + size - 1 <= MAX_ID;
    if (!isRange) {
      throw new StrataError(
        `Cannot map ${kind}s by ${
          describe(mapping)
        }: ids and sizes are whole numbers, and the last id is at most ${MAX_ID}`,
      );
    }
  }
  for (const side of ["containerID", "hostID"] as const) {
    const sorted = mappings.toSorted((a, b) => a[side] - b[side]);
    sorted.reduce((before, mapping) => {
      if (before[side] + before.size > mapping[side]) {
        throw new StrataError(
          `Cannot map ${kind}s by ${describe(before)} and ${
            describe(mapping)
          }: the two overlap`,
        );
      }
      return mapping;
    }, { containerID: 0, hostID: 0, size: 0 });
  }
}

function isId(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 0xffffffff;
}

function describe({ containerID, hostID, size }: IdMapping): string {
  return `${containerID}:${hostID}:${size}`;
}

function unmapped(
  id: number,
  kind: IdKind,
  from: string,
  to: string,
): UnmappedIdError {
  return new UnmappedIdError(
    id,
    `Cannot map ${kind} ${id} ${from} to one ${to}: no mapping covers it; add one to ${kind}Mappings`,
  );
}
