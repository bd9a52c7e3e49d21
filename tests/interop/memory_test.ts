// Memory stays flat, whatever the size of a file in a layer.
import { join } from "@std/path";
import { assert, assertEquals } from "@std/assert";
import { inTemporaryDirectory, runScript } from "./command.ts";
import {
  addBlob,
  addDocument,
  createEmptyLayout,
  setOnlyImage,
} from "./layout.ts";
import { interopTest } from "./peers.ts";
import { unpackInProcess } from "./unpack_process.ts";

const GIBIBYTES = 4;
const MOST_MEMORY = 250_000_000;

interopTest(
  `unpackRootfs: a file of ${GIBIBYTES} GiB in less than ${MOST_MEMORY} bytes of memory`,
  ["root", "python3"],
  () =>
    inTemporaryDirectory(async (directory) => {
      const layout = join(directory, "image");
      const rootfs = join(directory, "rootfs");
      await makeBigImage(layout);
      const peak = await unpackInProcess(layout, "big", rootfs);
      const { size } = await Deno.stat(join(rootfs, "big"));
      assertEquals(size, GIBIBYTES * 2 ** 30);
      console.log(`Peak memory: ${Math.round(peak / 1e6)} MB`);
      assert(peak < MOST_MEMORY, `The process used ${peak} bytes of memory`);
    }),
);

async function makeBigImage(layout: string): Promise<void> {
  await createEmptyLayout(layout);
  const file = join(layout, "layer");
  const diffID = await runScript("python3", "write_big_layer.py", [
    file,
    String(GIBIBYTES),
  ]);
  const layer = await addBlob(
    layout,
    "application/vnd.oci.image.layer.v1.tar+gzip",
    file,
  );
  const config = await addDocument(
    layout,
    "application/vnd.oci.image.config.v1+json",
    {
      architecture: "amd64",
      os: "linux",
      rootfs: { type: "layers", diff_ids: [diffID.trim()] },
    },
  );
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = await addDocument(layout, mediaType, {
    schemaVersion: 2,
    mediaType,
    config,
    layers: [layer],
  });
  await setOnlyImage(layout, "big", manifest);
}
