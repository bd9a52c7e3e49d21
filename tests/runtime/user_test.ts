import { assertEquals, assertThrows } from "@std/assert";
import { InvalidImageError } from "@strata/layer";
import { lookUpUser } from "../../src/runtime/user.ts";

const PASSWD = `root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin

# a comment
short:x:7
broken:x:seven:7::/broken:/bin/sh
empty:x:::nobody:/empty:/bin/sh
1234:x:50:60:a name of digits:/digits:/bin/sh
alice:x:1000:100:Alice:/home/alice:/bin/sh
alice:x:2000:200:the second of that name:/home/other:/bin/sh
big:x:4294967295:0::/big:/bin/sh
#carol:x:3000:0:a comment too:/carol:/bin/sh
dave:x:3001:3002
alice-admin:x:3003:0::/admin:/bin/sh\r
`;

const GROUP = `root:x:0:
daemon:x:1:alice
users:x:100:
wheel:x:10:bob,alice
broken:x:ten:alice
video:x:44:alicex,bob
#secret:x:45:alice
bare:x:46
`;

const none: number[] = [];

// What runc's rules make of an image's User (libcontainer/user, GetExecUser).
const USERS: [
  string,
  { uid: number; gid: number; additionalGids: number[]; home?: string },
][] = [
  ["", { uid: 0, gid: 0, additionalGids: none, home: "/root" }],
  ["root", { uid: 0, gid: 0, additionalGids: none, home: "/root" }],
  ["0", { uid: 0, gid: 0, additionalGids: none, home: "/root" }],
  ["daemon", { uid: 1, gid: 1, additionalGids: none, home: "/usr/sbin" }],
  ["alice", {
    uid: 1000,
    gid: 100,
    additionalGids: [1, 10],
    home: "/home/alice",
  }],
  ["1000", {
    uid: 1000,
    gid: 100,
    additionalGids: [1, 10],
    home: "/home/alice",
  }],
  ["alice:wheel", {
    uid: 1000,
    gid: 10,
    additionalGids: none,
    home: "/home/alice",
  }],
  ["alice:4242", {
    uid: 1000,
    gid: 4242,
    additionalGids: none,
    home: "/home/alice",
  }],
  ["1000:0", { uid: 1000, gid: 0, additionalGids: none, home: "/home/alice" }],
  ["4242", { uid: 4242, gid: 0, additionalGids: none, home: undefined }],
  ["4242:users", {
    uid: 4242,
    gid: 100,
    additionalGids: none,
    home: undefined,
  }],
  ["4242:4343", {
    uid: 4242,
    gid: 4343,
    additionalGids: none,
    home: undefined,
  }],
  [":wheel", { uid: 0, gid: 10, additionalGids: none, home: "/root" }],
  // A comment stands for nobody.
  ["3000", { uid: 3000, gid: 0, additionalGids: none, home: undefined }],
  // As glibc and runc have it, what comes after the ids may be missing.
  ["dave:bare", { uid: 3001, gid: 46, additionalGids: none, home: "" }],
  ["dave", { uid: 3001, gid: 3002, additionalGids: none, home: "" }],
  // Digits are an id before they are a name.
  ["1234", { uid: 1234, gid: 0, additionalGids: none, home: undefined }],
  ["4294967294", {
    uid: 4294967294,
    gid: 0,
    additionalGids: none,
    home: undefined,
  }],
];

const NO_PERMISSIONS = { permissions: "none" } as const;

Deno.test("lookUpUser() follows runc's rules", NO_PERMISSIONS, () => {
  for (const [user, expected] of USERS) {
    assertEquals(lookUpUser(user, PASSWD, GROUP), expected, user);
  }
});

Deno.test(
  "lookUpUser() does without the files for numbers",
  NO_PERMISSIONS,
  () => {
    const nobody = { additionalGids: none, home: undefined };
    assertEquals(lookUpUser("", "", ""), { uid: 0, gid: 0, ...nobody });
    assertEquals(lookUpUser("5:6", "", ""), { uid: 5, gid: 6, ...nobody });
  },
);

Deno.test("lookUpUser() refuses unknown names", NO_PERMISSIONS, () => {
  for (
    const user of [
      "bob",
      "short",
      "broken",
      "empty",
      "big",
      "-1",
      "alice ",
      "Alice",
      "#carol",
      "# a comment",
    ]
  ) {
    assertThrows(
      () => lookUpUser(user, PASSWD, GROUP),
      InvalidImageError,
      "/etc/passwd has no such name",
    );
  }
  for (const user of ["alice:nope", "0:broken", "0:-1", "0:#secret", "0:0:0"]) {
    assertThrows(
      () => lookUpUser(user, PASSWD, GROUP),
      InvalidImageError,
      "/etc/group has no such name",
    );
  }
});

Deno.test(
  "lookUpUser() refuses numbers that are no ids",
  NO_PERMISSIONS,
  () => {
    for (const user of ["4294967295", "0:4294967295", "99999999999999999999"]) {
      assertThrows(
        () => lookUpUser(user, PASSWD, GROUP),
        InvalidImageError,
        "largest id",
      );
    }
  },
);
