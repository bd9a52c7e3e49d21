import { assertEquals, assertThrows } from "@std/assert";
import { StrataError, UnmappedIdError } from "@strata/layer";
import { checkMappings, toContainerId, toHostId } from "../src/id_map.ts";

const MAPPINGS = [
  { containerID: 0, hostID: 1000, size: 1 },
  { containerID: 1, hostID: 100000, size: 65536 },
  { containerID: 4294967290, hostID: 7, size: 5 },
];

// container id, host id
const PAIRS = [
  [0, 1000],
  [1, 100000],
  [65536, 165535],
  [4294967290, 7],
  [4294967294, 11],
] as const;

const NO_PERMISSIONS = { permissions: "none" } as const;

Deno.test(
  "toHostId() and toContainerId() undo each other",
  NO_PERMISSIONS,
  () => {
    for (const [container, host] of PAIRS) {
      assertEquals(toHostId(container, MAPPINGS, "uid"), host);
      assertEquals(toContainerId(host, MAPPINGS, "uid"), container);
    }
  },
);

Deno.test("toHostId() refuses ids in gaps, by name", NO_PERMISSIONS, () => {
  for (const id of [65537, 4294967289, 4294967295]) {
    const error = assertThrows(
      () => toHostId(id, MAPPINGS, "gid"),
      UnmappedIdError,
      `gid ${id}`,
    );
    assertEquals(error.id, id);
  }
  assertThrows(() => toContainerId(0, MAPPINGS, "uid"), UnmappedIdError);
  assertThrows(() => toHostId(0, [], "uid"), UnmappedIdError);
});

Deno.test(
  "checkMappings() accepts ranges to the last id",
  NO_PERMISSIONS,
  () => {
    checkMappings([], "uid");
    checkMappings(MAPPINGS, "uid");
    checkMappings([{ containerID: 0, hostID: 0, size: 4294967295 }], "uid");
  },
);

Deno.test(
  "checkMappings() refuses what is no range of ids",
  NO_PERMISSIONS,
  () => {
    const bad = [
      { containerID: -1, hostID: 0, size: 1 },
      { containerID: 0, hostID: 0.5, size: 1 },
      { containerID: 0, hostID: 0, size: 0 },
      { containerID: 0, hostID: NaN, size: 1 },
      { containerID: 4294967295, hostID: 0, size: 1 },
      { containerID: 0, hostID: 4294967295, size: 1 },
      { containerID: 0, hostID: 4294967290, size: 6 },
    ];
    for (const mapping of bad) {
      assertThrows(
        () => checkMappings([mapping], "uid"),
        StrataError,
        "uids by",
      );
    }
  },
);

Deno.test(
  "checkMappings() refuses overlaps on either side",
  NO_PERMISSIONS,
  () => {
    const first = { containerID: 0, hostID: 1000, size: 10 };
    for (
      const second of [
        { containerID: 9, hostID: 5000, size: 1 },
        { containerID: 50, hostID: 991, size: 10 },
      ]
    ) {
      assertThrows(
        () => checkMappings([first, second], "gid"),
        StrataError,
        "overlap",
      );
    }
  },
);
