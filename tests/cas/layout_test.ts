import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { toBytes, toText } from "@std/streams";
import { createLayout, openLayout } from "../../src/cas/layout.ts";
import {
  BlobNotFoundError,
  InvalidImageError,
  StrataError,
  SystemError,
  VerificationError,
} from "../../src/errors.ts";
import type { Index } from "../../src/oci/image_spec.ts";
import {
  bytesOf,
  EMPTY_SHA256,
  HELLO_SHA256,
  HELLO_SHA512,
  INDEX,
  MANIFEST,
  newLayout,
  pathsIn,
  streamOf,
} from "./fixtures.ts";

const permissions = { read: true, write: true } as const;
const EMPTY_LAYOUT = ["blobs", "blobs/sha256", "index.json", "oci-layout"];
const helloPath = `blobs/sha256/${HELLO_SHA256.slice(7)}`;

Deno.test({
  name: "createLayout writes what image-layout.md asks for",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    assertEquals(pathsIn(fixture.path), EMPTY_LAYOUT);
    assertEquals(
      JSON.parse(Deno.readTextFileSync(`${fixture.path}/oci-layout`)),
      { imageLayoutVersion: "1.0.0" },
    );
    assertEquals(
      JSON.parse(Deno.readTextFileSync(`${fixture.path}/index.json`)),
      { schemaVersion: 2, mediaType: INDEX, manifests: [] },
    );
  },
});

Deno.test({
  name: "createLayout takes an empty directory and makes missing parents",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const empty = `${fixture.directory}/empty`;
    Deno.mkdirSync(empty);
    for (const path of [empty, `${fixture.directory}/a/b/c`]) {
      await createLayout(path);
      await openLayout(path);
      assertEquals(pathsIn(path), EMPTY_LAYOUT);
    }
  },
});

Deno.test({
  name: "createLayout refuses what is there and leaves it alone",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { directory } = fixture;
    Deno.mkdirSync(`${directory}/full/of/things`, { recursive: true });
    Deno.writeTextFileSync(`${directory}/file`, "mine");
    Deno.symlinkSync("nowhere", `${directory}/dangling`);
    const before = pathsIn(directory);
    for (
      const path of ["full", "file", "file/below/it", "dangling", "image"]
    ) {
      await assertRejects(
        () => createLayout(`${directory}/${path}`),
        StrataError,
        "Cannot create image layout",
      );
      assertEquals(pathsIn(directory), before);
    }
  },
});

Deno.test({
  name: "openLayout refuses what is no layout",
  permissions,
  async fn() {
    const cases: [string, (path: string) => void][] = [
      [`no "oci-layout"`, (path) => Deno.removeSync(`${path}/oci-layout`)],
      [`no "index.json"`, (path) => Deno.removeSync(`${path}/index.json`)],
      [
        `no "blobs"`,
        (path) => Deno.removeSync(`${path}/blobs`, { recursive: true }),
      ],
      ["imageLayoutVersion", (path) => write(path, "oci-layout", "{}")],
      [
        "imageLayoutVersion",
        (path) => write(path, "oci-layout", `{"imageLayoutVersion":1}`),
      ],
      ["not JSON", (path) => write(path, "oci-layout", "")],
      ["an object", (path) => write(path, "oci-layout", "[]")],
      ["an object", (path) => write(path, "oci-layout", "null")],
      [
        `"2.0.0"`,
        (path) => write(path, "oci-layout", `{"imageLayoutVersion":"2.0.0"}`),
      ],
      [
        "no more than",
        (path) => write(path, "oci-layout", " ".repeat(5 * 1024 * 1024)),
      ],
      ["not a regular file", (path) => directoryAt(path, "oci-layout")],
      ["not a regular file", (path) => directoryAt(path, "index.json")],
      ["symlink", (path) => moveBehindLink(path, "oci-layout")],
      ["symlink", (path) => moveBehindLink(path, "index.json")],
      ["symlink", (path) => moveBehindLink(path, "blobs")],
      ["not a directory", (path) => {
        Deno.removeSync(`${path}/blobs`, { recursive: true });
        write(path, "blobs", "");
      }],
    ];
    for (const [message, damage] of cases) {
      await using fixture = await newLayout();
      damage(fixture.path);
      await assertRejects(
        () => openLayout(fixture.path),
        InvalidImageError,
        message,
      );
    }
    await assertRejects(() => openLayout("/nowhere/at/all"), InvalidImageError);
  },
});

Deno.test({
  name: "openLayout keeps its layout when the process changes directory",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const home = Deno.cwd();
    try {
      Deno.chdir(fixture.directory);
      await using engine = await openLayout("image");
      Deno.chdir(home);
      assertEquals(await engine.listBlobs(), []);
    } finally {
      Deno.chdir(home);
    }
  },
});

Deno.test({
  name: "putBlob stores bytes and streams under their sha256",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { engine, path } = fixture;
    const hello = { digest: HELLO_SHA256, size: 5 };
    assertEquals(await engine.putBlob(bytesOf("hello")), hello);
    assertEquals(await engine.putBlob(streamOf("he", "llo")), hello);
    assertEquals(await engine.putBlob(new Uint8Array()), {
      digest: EMPTY_SHA256,
      size: 0,
    });
    assertEquals(Deno.readTextFileSync(`${path}/${helloPath}`), "hello");
    assertEquals(await toText(await engine.getBlob(HELLO_SHA256)), "hello");
    assertEquals(await toText(await engine.getBlob(hello)), "hello");
    assertEquals(await toText(await engine.getBlob(EMPTY_SHA256)), "");
    assertEquals(await engine.statBlob(HELLO_SHA256), hello);
    assertEquals(await engine.listBlobs(), [HELLO_SHA256, EMPTY_SHA256]);
    assertEquals(pathsIn(path).length, EMPTY_LAYOUT.length + 2);
  },
});

Deno.test({
  name: "putBlob mends a damaged blob and makes a missing blobs/sha256",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { engine, path } = fixture;
    write(path, helloPath, "jello");
    await engine.putBlob(bytesOf("hello"));
    assertEquals(await toText(await engine.getBlob(HELLO_SHA256)), "hello");
    Deno.removeSync(`${path}/blobs/sha256`, { recursive: true });
    assertEquals(await engine.listBlobs(), []);
    assertEquals(await engine.statBlob(HELLO_SHA256), undefined);
    await engine.putBlob(bytesOf("hello"));
    assertEquals(await engine.listBlobs(), [HELLO_SHA256]);
  },
});

Deno.test({
  name: "putBlob that fails leaves nothing and stops its source",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { engine, path } = fixture;
    const broken = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(bytesOf("half"));
      },
      pull(controller) {
        controller.error(new RangeError("gone"));
      },
    });
    await assertRejects(() => engine.putBlob(broken), RangeError, "gone");
    assertEquals(pathsIn(path), EMPTY_LAYOUT);

    const abort = new AbortController();
    const endless = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        controller.enqueue(bytesOf("x"));
      },
    });
    const aborted = endless.pipeThrough(new TransformStream(), abort);
    const put = engine.putBlob(aborted);
    setTimeout(() => abort.abort(new RangeError("enough")), 5);
    await assertRejects(() => put, RangeError, "enough");
    assertEquals(pathsIn(path), EMPTY_LAYOUT);

    Deno.mkdirSync(`${path}/${helloPath}/in-the-way`, { recursive: true });
    await assertRejects(
      () => engine.putBlob(bytesOf("hello")),
      SystemError,
      "Cannot write",
    );
    Deno.removeSync(`${path}/${helloPath}`, { recursive: true });
    Deno.removeSync(path, { recursive: true });
    let cancelled: unknown;
    const unread = new ReadableStream<Uint8Array>({
      cancel(reason) {
        cancelled = reason;
      },
    });
    const error = await assertRejects(
      () => engine.putBlob(unread),
      SystemError,
    );
    assertEquals(error.code, "ENOENT");
    assertEquals(cancelled, error);
  },
});

Deno.test({
  name: "getBlob streams large blobs whole",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { engine } = fixture;
    const bytes = new Uint8Array(3 * 512 * 1024 + 1);
    for (let at = 0; at < bytes.length; at++) bytes[at] = at * 31 >> 3;
    const blob = await engine.putBlob(bytes);
    assertEquals(blob.size, bytes.length);
    assertEquals(await toBytes(await engine.getBlob(blob)), bytes);
  },
});

Deno.test({
  name: "getBlob closes its file however the reading ends",
  // Deno's sanitizer does not see files that node:fs opened, /proc does; and
  // Deno lets nobody read /proc who may not do everything.
  ignore: Deno.build.os !== "linux",
  permissions: "inherit",
  async fn() {
    await using fixture = await newLayout();
    const { engine, path } = fixture;
    const blob = await engine.putBlob(new Uint8Array(4 * 1024 * 1024));
    const file = `${path}/blobs/sha256/${blob.digest.slice(7)}`;
    const drain = async (stream: ReadableStream<Uint8Array>) => {
      await toBytes(stream).catch(() => {});
    };

    await (await engine.getBlob(blob)).cancel();
    assertEquals(isOpen(file), false);
    const reader = (await engine.getBlob(blob)).getReader();
    await reader.read();
    assertEquals(isOpen(file), true);
    await reader.cancel();
    assertEquals(isOpen(file), false);
    await drain(await engine.getBlob(blob));
    assertEquals(isOpen(file), false);

    const shortened = await engine.getBlob(blob);
    Deno.truncateSync(file, 3 * 1024 * 1024);
    await drain(shortened);
    assertEquals(isOpen(file), false);
    await assertRejects(() => engine.getBlob(blob), VerificationError);
    assertEquals(isOpen(file), false);
    await drain(await engine.getBlob(blob.digest));
    assertEquals(isOpen(file), false);

    const forgotten = await engine.getBlob(blob.digest);
    assertEquals(isOpen(file), true);
    await engine[Symbol.asyncDispose]();
    await assertRejects(() => toBytes(forgotten), StrataError, "disposed");
    assertEquals(isOpen(file), false);
  },
});

Deno.test({
  name: "getBlob finds out blobs that were changed",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { engine, path } = fixture;
    const hello = { digest: HELLO_SHA256, size: 5 };
    for (const content of ["hell", "hello!", ""]) {
      write(path, helloPath, content);
      await assertRejects(() => engine.getBlob(hello), VerificationError);
      const stream = await engine.getBlob(HELLO_SHA256);
      await assertRejects(() => toBytes(stream), VerificationError);
    }
    write(path, helloPath, "jello");
    const stream = await engine.getBlob(hello);
    await assertRejects(() => toBytes(stream), VerificationError);
    const wrongSize = { digest: HELLO_SHA256, size: 4 };
    await assertRejects(() => engine.getBlob(wrongSize), VerificationError);
  },
});

Deno.test({
  name: "getBlob finds out a blob that changes while it is read",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { engine, path } = fixture;
    const blob = await engine.putBlob(new Uint8Array(4 * 1024 * 1024));
    const stream = await engine.getBlob(blob);
    const file = `${path}/blobs/sha256/${blob.digest.slice(7)}`;
    Deno.truncateSync(file, 3 * 1024 * 1024);
    await assertRejects(
      () => toBytes(stream),
      VerificationError,
      "it ends after",
    );
  },
});

Deno.test({
  name: "sha512 blobs are read, listed and deleted",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { engine, path } = fixture;
    directoryAt(path, "blobs/sha512");
    write(path, `blobs/sha512/${HELLO_SHA512.slice(7)}`, "hello");
    await engine.putBlob(bytesOf("hello"));
    assertEquals(await engine.listBlobs(), [HELLO_SHA256, HELLO_SHA512]);
    assertEquals(await toText(await engine.getBlob(HELLO_SHA512)), "hello");
    await engine.deleteBlob(HELLO_SHA512);
    assertEquals(await engine.listBlobs(), [HELLO_SHA256]);
  },
});

Deno.test({
  name: "a malformed digest or size never reaches the disk",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { engine } = fixture;
    const digests = [
      "",
      "sha256:",
      "sha256:../../index.json",
      `sha256:../../../${"a".repeat(55)}`,
      HELLO_SHA256.slice(0, -1),
      HELLO_SHA256 + "0",
      HELLO_SHA256.toUpperCase(),
      "sha256:" + HELLO_SHA256.slice(7).toUpperCase(),
      HELLO_SHA256 + "\n",
      HELLO_SHA256.replace("sha256", "sha512"),
      HELLO_SHA512.replace("sha512", "sha256"),
      HELLO_SHA256.replace("sha256", "md5"),
      "__proto__:constructor",
    ];
    for (const digest of digests) {
      await assertRejects(() => engine.getBlob(digest), InvalidImageError);
      await assertRejects(() => engine.statBlob(digest), InvalidImageError);
      await assertRejects(() => engine.deleteBlob(digest), InvalidImageError);
    }
    await engine.putBlob(bytesOf("hello"));
    for (const size of [-1, 4.5, NaN, Infinity, 2 ** 53]) {
      await assertRejects(
        () => engine.getBlob({ digest: HELLO_SHA256, size }),
        InvalidImageError,
      );
    }
  },
});

Deno.test({
  name: "only a regular file of the layout's own is a blob",
  permissions: { ...permissions, run: ["mkfifo"] },
  async fn() {
    const makers: ((path: string) => unknown)[] = [
      (path) => Deno.mkdirSync(path),
      (path) => Deno.symlinkSync("../../index.json", path),
      (path) => Deno.symlinkSync("/etc/passwd", path),
      (path) => Deno.symlinkSync("nowhere", path),
      (path) => new Deno.Command("mkfifo", { args: [path] }).outputSync(),
    ];
    for (const make of makers) {
      await using fixture = await newLayout();
      const { engine, path } = fixture;
      make(`${path}/${helloPath}`);
      const hello = { digest: HELLO_SHA256, size: 5 };
      await assertRejects(() => engine.getBlob(hello), InvalidImageError);
      await assertRejects(
        () => engine.getBlob(HELLO_SHA256),
        InvalidImageError,
      );
      await assertRejects(
        () => engine.statBlob(HELLO_SHA256),
        InvalidImageError,
      );
      await assertRejects(
        () => engine.deleteBlob(HELLO_SHA256),
        InvalidImageError,
      );
      assertEquals(await engine.listBlobs(), []);
    }
  },
});

Deno.test({
  name: "a directory of blobs that is a symlink is refused, not followed",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { engine, path, directory } = fixture;
    moveBehindLink(path, "blobs/sha256");
    await assertRejects(
      () => engine.putBlob(bytesOf("hello")),
      InvalidImageError,
      "symlink",
    );
    await assertRejects(() => engine.getBlob(HELLO_SHA256), InvalidImageError);
    await assertRejects(() => engine.listBlobs(), InvalidImageError);
    assertEquals(
      pathsIn(directory).filter((name) => /\.strata/.test(name)),
      [],
    );
  },
});

Deno.test({
  name: "a blob that is not there",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { engine } = fixture;
    const error = await assertRejects(
      () => engine.getBlob({ digest: HELLO_SHA256, size: 5 }),
      BlobNotFoundError,
    );
    assertEquals(error.digest, HELLO_SHA256);
    await assertRejects(() => engine.getBlob(HELLO_SHA512), BlobNotFoundError);
    assertEquals(await engine.statBlob(HELLO_SHA256), undefined);
    await engine.deleteBlob(HELLO_SHA256);
    await engine.putBlob(bytesOf("hello"));
    await engine.deleteBlob(HELLO_SHA256);
    await engine.deleteBlob(HELLO_SHA256);
    assertEquals(await engine.listBlobs(), []);
  },
});

Deno.test({
  name: "listBlobs passes over whatever is no blob",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { engine, path } = fixture;
    const hex = HELLO_SHA256.slice(7);
    for (const name of [".strata-1", ".DS_Store", hex.slice(1), hex + "0"]) {
      write(path, `blobs/sha256/${name}`, "");
    }
    write(path, `blobs/sha256/${hex.toUpperCase()}`, "");
    directoryAt(path, "blobs/md5");
    write(path, `blobs/md5/${hex}`, "");
    assertEquals(await engine.listBlobs(), []);
  },
});

Deno.test({
  name: "clean removes what is left behind and nothing else",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { engine, path } = fixture;
    write(path, ".strata-left-behind", "half a blob");
    write(path, "README", "mine");
    directoryAt(path, ".strata-directory");
    let finish = () => {};
    const slow = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(bytesOf("hello"));
        finish = () => controller.close();
      },
    });
    const put = engine.putBlob(slow);
    await engine.clean();
    await using other = await openLayout(path);
    await other.clean();
    assertEquals(pathsIn(path).includes(".strata-left-behind"), false);
    finish();
    assertEquals((await put).digest, HELLO_SHA256);
    assertEquals(
      pathsIn(path),
      [".strata-directory", "README", helloPath, ...EMPTY_LAYOUT].sort(),
    );
  },
});

Deno.test({
  name: "putIndex replaces the index, unknown fields and all",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { engine, path } = fixture;
    const text = `{
      "schemaVersion": 2,
      "manifests": [{
        "mediaType": "${MANIFEST}", "digest": "${HELLO_SHA256}", "size": 5,
        "x-mine": {"__proto__": {"polluted": true}}
      }, {
        "mediaType": "application/x-future",
        "digest": "blake3:${"ab".repeat(32)}", "size": 5
      }],
      "x-yours": [1, null]
    }`;
    write(path, "index.json", text);
    await engine.putIndex(await engine.getIndex());
    assertEquals(
      Deno.readTextFileSync(`${path}/index.json`),
      JSON.stringify(JSON.parse(text)),
    );
    assertEquals(Reflect.get({}, "polluted"), undefined);
    assertEquals(pathsIn(path), EMPTY_LAYOUT);
  },
});

Deno.test({
  name: "getIndex reads null as nothing, as Go writes it",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    // This is what umoci 0.4.7 leaves once the last reference is removed.
    write(fixture.path, "index.json", `{"schemaVersion":2,"manifests":null}\n`);
    assertEquals((await fixture.engine.getIndex()).manifests, []);
  },
});

Deno.test({
  name: "getIndex refuses a malformed index",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { engine, path } = fixture;
    const good = { mediaType: MANIFEST, digest: HELLO_SHA256, size: 5 };
    const cases: [string, unknown][] = [
      ["schemaVersion", {}],
      ["schemaVersion", { schemaVersion: 1, manifests: [] }],
      ["schemaVersion", { schemaVersion: "2", manifests: [] }],
      ["manifests", { schemaVersion: 2 }],
      ["manifests", { schemaVersion: 2, manifests: {} }],
      ["mediaType", { schemaVersion: 2, manifests: [], mediaType: MANIFEST }],
      ["mediaType", { schemaVersion: 2, manifests: [], mediaType: 7 }],
      ["layers", { schemaVersion: 2, manifests: [], layers: [] }],
      ["config", { schemaVersion: 2, manifests: [], Config: {} }],
      ["annotations", { schemaVersion: 2, manifests: [], annotations: [] }],
      ["annotations.a", {
        schemaVersion: 2,
        manifests: [],
        annotations: { a: 1 },
      }],
    ];
    const descriptors: [string, unknown][] = [
      ["manifests[1] must be an object", null],
      ["manifests[1] must be an object", "sha256:"],
      ["mediaType is missing", { ...good, mediaType: undefined }],
      ["digest", { ...good, digest: "sha256:../../../etc/passwd" }],
      ["digest", { ...good, digest: HELLO_SHA256.slice(0, -1) }],
      ["digest", { ...good, digest: "sha256:" + "A".repeat(64) }],
      ["digest", { ...good, digest: "nonsense" }],
      ["digest", { ...good, digest: ["sha256"] }],
      ["size", { ...good, size: -1 }],
      ["size", { ...good, size: 0.5 }],
      ["size", { ...good, size: "5" }],
      ["size", { ...good, size: 2 ** 53 }],
      ["size is missing", { ...good, size: undefined }],
      ["annotations", { ...good, annotations: { a: {} } }],
      ["urls[0]", { ...good, urls: [1] }],
      ["platform.os", { ...good, platform: { architecture: "arm64" } }],
      [`platform."os.version"`, {
        ...good,
        platform: { architecture: "amd64", os: "windows", "os.version": 10 },
      }],
    ];
    for (const [message, descriptor] of descriptors) {
      cases.push([message, {
        schemaVersion: 2,
        manifests: [good, descriptor],
      }]);
    }
    for (const [message, index] of cases) {
      write(path, "index.json", JSON.stringify(index));
      await assertRejects(() => engine.getIndex(), InvalidImageError, message);
    }
    const inherited = `{"__proto__":{"schemaVersion":2,"manifests":[]}}`;
    const texts: [string, string | Uint8Array][] = [
      ["schemaVersion", inherited],
      ["UTF-8", Uint8Array.of(0x22, 0xff, 0x22)],
      ["not JSON", Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d)],
      ["not JSON", ""],
      ["not JSON", `{"schemaVersion":2,"manifests":[]}{}`],
      ["no more than 4194304", " ".repeat(4 * 1024 * 1024) + "{}"],
    ];
    for (const [message, text] of texts) {
      write(path, "index.json", text);
      await assertRejects(() => engine.getIndex(), InvalidImageError, message);
    }
    Deno.removeSync(`${path}/index.json`);
    await assertRejects(() => engine.getIndex(), InvalidImageError);
    directoryAt(path, "index.json");
    await assertRejects(() => engine.getIndex(), InvalidImageError);
  },
});

Deno.test({
  name: "an error message lets no document draw on the terminal",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    write(fixture.path, "index.json", `{"\x1b[31m`);
    const error = await assertRejects(
      () => fixture.engine.getIndex(),
      InvalidImageError,
    );
    assertMatch(error.message, /^[\x20-\x7e]*$/);
  },
});

Deno.test({
  name: "deep nesting in an unknown field harms nobody",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { engine, path } = fixture;
    const deep = "[".repeat(500_000) + "]".repeat(500_000);
    write(
      path,
      "index.json",
      `{"schemaVersion":2,"manifests":[],"x":${deep}}`,
    );
    await engine.putIndex(await engine.getIndex());
    assertEquals((await engine.getIndex()).manifests, []);
  },
});

Deno.test({
  name: "putIndex refuses what getIndex would not read",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { engine, path } = fixture;
    const before = Deno.readTextFileSync(`${path}/index.json`);
    const mediaType = MANIFEST;
    const indexes: Index[] = [
      { schemaVersion: 1, manifests: [] },
      {
        schemaVersion: 2,
        manifests: [{ mediaType, digest: "sha256:1", size: 1 }],
      },
      {
        schemaVersion: 2,
        manifests: [{ mediaType, digest: HELLO_SHA256, size: NaN }],
      },
      {
        schemaVersion: 2,
        manifests: [],
        annotations: { large: "x".repeat(4 * 1024 * 1024) },
      },
    ];
    for (const index of indexes) {
      await assertRejects(() => engine.putIndex(index), InvalidImageError);
      assertEquals(Deno.readTextFileSync(`${path}/index.json`), before);
    }
    assertEquals(pathsIn(path), EMPTY_LAYOUT);
  },
});

Deno.test({
  name: "a disposed engine does nothing more and holds nothing open",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { engine, path } = fixture;
    const blob = await engine.putBlob(new Uint8Array(4 * 1024 * 1024));
    const before = pathsIn(path);
    const half = (await engine.getBlob(blob)).getReader();
    await half.read();
    const unread = await engine.getBlob(blob);
    const put = assertRejects(
      () => engine.putBlob(new ReadableStream()),
      StrataError,
      "disposed",
    );
    await engine[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
    await put;
    assertEquals(pathsIn(path), before);
    await assertRejects(() => toBytes(unread), StrataError, "disposed");
    await assertRejects(
      async () => {
        while (!(await half.read()).done);
      },
      StrataError,
      "disposed",
    );

    const uses: (() => Promise<unknown>)[] = [
      () => engine.getBlob(blob),
      () => engine.statBlob(blob.digest),
      () => engine.putBlob(bytesOf("hello")),
      () => engine.deleteBlob(blob.digest),
      () => engine.listBlobs(),
      () => engine.getIndex(),
      () => engine.putIndex({ schemaVersion: 2, manifests: [] }),
      () => engine.clean(),
    ];
    for (const use of uses) {
      await assertRejects(use, StrataError, "disposed");
    }
    assertEquals(pathsIn(path), before);
  },
});

/** Whether this process holds a file open. */
function isOpen(file: string): boolean {
  return Array.from(Deno.readDirSync("/proc/self/fd")).some(({ name }) => {
    try {
      return Deno.readLinkSync(`/proc/self/fd/${name}`) === file;
    } catch {
      return false; // It was that of the listing itself.
    }
  });
}

function write(path: string, name: string, content: string | Uint8Array): void {
  const bytes = typeof content === "string" ? bytesOf(content) : content;
  Deno.writeFileSync(`${path}/${name}`, bytes);
}

/** Puts a directory where something else may be. */
function directoryAt(path: string, name: string): void {
  try {
    Deno.removeSync(`${path}/${name}`, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  Deno.mkdirSync(`${path}/${name}`);
}

/** Moves a part of the layout out of it and links to it. */
function moveBehindLink(path: string, name: string): void {
  const outside = `${path}-outside`;
  Deno.renameSync(`${path}/${name}`, outside);
  Deno.symlinkSync(outside, `${path}/${name}`);
}
