import { assertEquals, assertRejects } from "@std/assert";
import {
  createLayout,
  type Engine,
  InvalidImageError,
  type Manifest,
  runtimeConfig,
  StrataError,
} from "@strata/layer";

const PERMISSIONS = {
  permissions: { read: true, write: true, ffi: true },
} as const;

/** An image without layers, and a rootfs with the files given. */
async function fixture(
  user: string,
  build: (rootfs: string) => void,
  test: (engine: Engine, manifest: Manifest, rootfs: string) => Promise<void>,
  os = "linux",
): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await using engine = await createLayout(`${directory}/image`);
    const config = await engine.putBlob(
      new TextEncoder().encode(JSON.stringify({
        os,
        architecture: "amd64",
        config: { User: user },
        rootfs: { type: "layers", diff_ids: [] },
      })),
    );
    const rootfs = `${directory}/rootfs`;
    Deno.mkdirSync(`${rootfs}/etc`, { recursive: true });
    build(rootfs);
    const mediaType = "application/vnd.oci.image.config.v1+json";
    await test(
      engine,
      { schemaVersion: 2, config: { mediaType, ...config }, layers: [] },
      rootfs,
    );
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const EVE = "eve:x:7:8::/home/eve:/bin/sh\n";

Deno.test(
  "runtimeConfig() looks the user up in the rootfs",
  PERMISSIONS,
  async () => {
    await fixture("eve", (rootfs) => {
      Deno.writeTextFileSync(`${rootfs}/etc/passwd`, EVE);
      Deno.writeTextFileSync(`${rootfs}/etc/group`, "audio:x:29:eve\n");
    }, async (engine, manifest, rootfs) => {
      const { process } = await runtimeConfig(engine, manifest, { rootfs });
      assertEquals(process?.user, { uid: 7, gid: 8, additionalGids: [29] });
      assertEquals(process?.env?.at(-1), "HOME=/home/eve");
    });
  },
);

Deno.test(
  "runtimeConfig() follows symlinks inside the rootfs only",
  PERMISSIONS,
  async () => {
    await fixture("eve", (rootfs) => {
      Deno.mkdirSync(`${rootfs}/usr/lib`, { recursive: true });
      Deno.writeTextFileSync(`${rootfs}/usr/lib/passwd`, EVE);
      // Outside, this would be a passwd of the host's.
      Deno.symlinkSync("../../../../usr/lib/passwd", `${rootfs}/etc/passwd`);
      Deno.symlinkSync("/etc/group", `${rootfs}/etc/group`);
    }, async (engine, manifest, rootfs) => {
      await assertRejects(
        () => runtimeConfig(engine, manifest, { rootfs }),
        StrataError,
        "too many symlinks",
      );
      Deno.removeSync(`${rootfs}/etc/group`);
      Deno.symlinkSync("/nowhere", `${rootfs}/etc/group`);
      const { process } = await runtimeConfig(engine, manifest, { rootfs });
      assertEquals(process?.user, { uid: 7, gid: 8 });
    });
  },
);

Deno.test(
  "runtimeConfig() never reads the host's own passwd",
  PERMISSIONS,
  async () => {
    await fixture("daemon", (rootfs) => {
      Deno.symlinkSync("/etc/passwd-", `${rootfs}/etc/passwd`);
      Deno.symlinkSync("/etc/passwd", `${rootfs}/etc/passwd-`);
    }, async (engine, manifest, rootfs) => {
      await assertRejects(
        () => runtimeConfig(engine, manifest, { rootfs }),
        StrataError,
      );
    });
  },
);

Deno.test(
  "runtimeConfig() refuses a passwd that is no file",
  PERMISSIONS,
  async () => {
    await fixture("", (rootfs) => {
      Deno.mkdirSync(`${rootfs}/etc/passwd`);
    }, async (engine, manifest, rootfs) => {
      await assertRejects(
        () => runtimeConfig(engine, manifest, { rootfs }),
        StrataError,
        "etc/passwd",
      );
    });
  },
);

Deno.test(
  "runtimeConfig() wants a rootfs for names only",
  PERMISSIONS,
  async () => {
    await fixture("5:6", () => {}, async (engine, manifest) => {
      const { process } = await runtimeConfig(engine, manifest);
      assertEquals(process?.user, { uid: 5, gid: 6 });
    });
    await fixture("eve", () => {}, async (engine, manifest) => {
      await assertRejects(
        () => runtimeConfig(engine, manifest),
        InvalidImageError,
        "pass the option rootfs",
      );
    });
  },
);

Deno.test(
  "runtimeConfig() maps a rootless container's root",
  PERMISSIONS,
  async () => {
    await fixture("", () => {}, async (engine, manifest, rootfs) => {
      const options = { rootfs, rootless: true };
      const { linux } = await runtimeConfig(engine, manifest, options);
      const { uid, gid } = Deno.statSync(rootfs);
      assertEquals(linux?.uidMappings, [
        { containerID: 0, hostID: uid ?? 0, size: 1 },
      ]);
      assertEquals(linux?.gidMappings, [
        { containerID: 0, hostID: gid ?? 0, size: 1 },
      ]);
      assertEquals(
        linux?.namespaces?.map(({ type }) => type),
        ["pid", "ipc", "uts", "mount", "user"],
      );
    });
  },
);

Deno.test(
  "runtimeConfig() refuses mappings that are none",
  PERMISSIONS,
  async () => {
    await fixture("", () => {}, async (engine, manifest) => {
      const uidMappings = [{ containerID: 0, hostID: 0, size: 0 }];
      await assertRejects(
        () => runtimeConfig(engine, manifest, { uidMappings }),
        StrataError,
        "0:0:0",
      );
    });
  },
);

Deno.test(
  "runtimeConfig() refuses images of other systems",
  PERMISSIONS,
  async () => {
    await fixture(
      "ContainerUser",
      () => {},
      async (engine, manifest, rootfs) => {
        await assertRejects(
          () => runtimeConfig(engine, manifest, { rootfs }),
          InvalidImageError,
          '"windows"',
        );
      },
      "windows",
    );
  },
);

Deno.test(
  "runtimeConfig() hands the locked flags on",
  PERMISSIONS,
  async () => {
    await fixture("", () => {}, async (engine, manifest, rootfs) => {
      const { mounts } = await runtimeConfig(engine, manifest, {
        rootfs,
        rootless: true,
        resolvConfFlags: ["nosuid"],
      });
      assertEquals(mounts?.at(-1)?.options, ["rbind", "ro", "nosuid"]);
    });
  },
);

Deno.test(
  "runtimeConfig() maps what is not mapped, when rootless",
  PERMISSIONS,
  async () => {
    await fixture("", () => {}, async (engine, manifest, rootfs) => {
      const gidMappings = [{ containerID: 0, hostID: 7, size: 2 }];
      const options = { rootfs, rootless: true, uidMappings: [], gidMappings };
      const { linux } = await runtimeConfig(engine, manifest, options);
      const hostID = Deno.statSync(rootfs).uid ?? 0;
      assertEquals(linux?.uidMappings, [{ containerID: 0, hostID, size: 1 }]);
      assertEquals(linux?.gidMappings, gidMappings);
    });
  },
);
