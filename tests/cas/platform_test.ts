import { assertEquals, assertMatch } from "@std/assert";
import {
  formatPlatform,
  hostPlatforms,
  selectPlatform,
} from "../../src/cas/platform.ts";
import type { Platform } from "../../src/oci/image_spec.ts";

/** `linux/arm/v7` or `windows/amd64@10.0` taken apart; `-` is no platform. */
function parse(text: string): Platform | undefined {
  if (text === "-") return undefined;
  const [name = "", version] = text.split("@");
  const [os = "", architecture = "", variant] = name.split("/");
  return {
    os,
    architecture,
    ...(variant === undefined ? {} : { variant }),
    ...(version === undefined ? {} : { "os.version": version }),
  };
}

// What is offered, what is wanted, and what suits it.
const TABLE: [string, string, string][] = [
  ["linux/amd64 linux/arm64", "linux/arm64", "linux/arm64"],
  ["linux/amd64 linux/arm64", "linux/riscv64", ""],
  ["linux/amd64 windows/amd64", "windows/amd64", "windows/amd64"],
  ["linux/amd64 -", "linux/amd64", "linux/amd64"],
  ["-", "linux/amd64", ""],
  // A variant that is named is taken at its word, but for the default one.
  ["linux/arm/v6 linux/arm/v7", "linux/arm/v6", "linux/arm/v6"],
  ["linux/arm/v6 linux/arm/v7", "linux/arm/v5", ""],
  ["linux/arm64", "linux/arm64/v8", "linux/arm64"],
  ["linux/arm64/v8", "linux/arm64/v8", "linux/arm64/v8"],
  ["linux/arm64/v9", "linux/arm64/v8", ""],
  ["linux/amd64", "linux/amd64/v1", "linux/amd64"],
  ["linux/amd64", "linux/amd64/v3", ""],
  // A variant that is left open is the default one, else any.
  ["linux/arm64/v8", "linux/arm64", "linux/arm64/v8"],
  ["linux/arm64/v9", "linux/arm64", "linux/arm64/v9"],
  ["linux/arm64/v9 linux/arm64", "linux/arm64", "linux/arm64"],
  ["linux/arm/v6 linux/arm/v7", "linux/arm", "linux/arm/v7"],
  ["linux/amd64/v3 linux/amd64", "linux/amd64", "linux/amd64"],
  [
    "linux/amd64/v3 linux/amd64/v2",
    "linux/amd64",
    "linux/amd64/v3 linux/amd64/v2",
  ],
  ["linux/ppc64le", "linux/ppc64le", "linux/ppc64le"],
  // The version of the system counts where it is asked for.
  ["windows/amd64@1 windows/amd64@2", "windows/amd64@2", "windows/amd64@2"],
  ["windows/amd64@1", "windows/amd64", "windows/amd64@1"],
  ["windows/amd64", "windows/amd64@1", ""],
];

Deno.test({
  name: "selectPlatform",
  permissions: "none",
  fn() {
    for (const [offered, wanted, expected] of TABLE) {
      const candidates = offered.split(" ").map((text) => ({
        text,
        platform: parse(text),
      }));
      const platform = parse(wanted);
      if (platform === undefined) throw new TypeError(wanted);
      const chosen = selectPlatform(candidates, platform);
      assertEquals(
        chosen.map(({ text }) => text).join(" "),
        expected,
        `${wanted} of ${offered}`,
      );
    }
  },
});

Deno.test({
  name: "hostPlatforms speaks Go's names and ends with Linux",
  permissions: "none",
  fn() {
    const [first, ...others] = hostPlatforms();
    assertEquals(first?.os, Deno.build.os);
    assertMatch(first?.architecture ?? "", /^(amd64|arm64)$/);
    assertEquals((others.at(-1) ?? first)?.os, "linux");
  },
});

Deno.test({
  name: "formatPlatform",
  permissions: "none",
  fn() {
    assertEquals(
      formatPlatform({ os: "linux", architecture: "arm", variant: "v7" }),
      "linux/arm/v7",
    );
    assertEquals(
      formatPlatform({
        os: "windows",
        architecture: "amd64",
        "os.version": "10.0",
      }),
      "windows/amd64 (10.0)",
    );
    assertEquals(
      formatPlatform({ os: "\x1b[2J", architecture: "" }),
      "\\x1b[2J/",
    );
  },
});
