// Deno runs test files by name: this one is the last, and closes the report.
import { skippedTests } from "./peers.ts";

Deno.test("summary of what was skipped", () => {
  const skipped = skippedTests();
  if (skipped.length === 0) {
    console.log("No interop test was skipped.");
  } else {
    console.log(["Skipped interop tests:", ...skipped].join("\n  "));
  }
});
