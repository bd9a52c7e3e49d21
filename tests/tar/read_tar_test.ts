import { assert, assertEquals, assertRejects } from "@std/assert";
import { toBytes, toText } from "@std/streams";
import { readTar, TarError } from "@strata/layer";
import {
  archive,
  block,
  concat,
  entry,
  octal,
  pax,
  record,
  streamOf,
  utf8,
} from "./raw_archive.ts";

const NO_PERMISSIONS = { permissions: "none" } as const;

const THREE = archive(
  entry({ name: "a" }, "x".repeat(5000)),
  entry({ name: "b" }, "y".repeat(5000)),
  entry({ name: "c" }, "z"),
);

Deno.test(
  "readTar() skips bodies that nobody reads",
  NO_PERMISSIONS,
  async () => {
    const names: string[] = [];
    for await (const { name } of readTar(streamOf(THREE, 100))) {
      names.push(
        name,
      );
    }
    assertEquals(names, ["a", "b", "c"]);
  },
);

Deno.test(
  "readTar() skips what is left of a body",
  NO_PERMISSIONS,
  async () => {
    const names: string[] = [];
    for await (const { name, body } of readTar(streamOf(THREE, 600))) {
      const reader = body.getReader();
      const { value } = await reader.read();
      assert(value !== undefined && value.length > 0);
      reader.releaseLock();
      names.push(name);
    }
    assertEquals(names, ["a", "b", "c"]);
  },
);

Deno.test(
  "readTar() goes on after a body was cancelled",
  NO_PERMISSIONS,
  async () => {
    const names: string[] = [];
    for await (const { name, body } of readTar(streamOf(THREE, 600))) {
      await body.cancel();
      names.push(name);
    }
    assertEquals(names, ["a", "b", "c"]);
  },
);

Deno.test(
  "readTar() cancels its stream when the caller stops",
  NO_PERMISSIONS,
  async () => {
    let cancelled = false;
    const stream = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(THREE.slice()),
      cancel: () => {
        cancelled = true;
      },
    });
    for await (const _ of readTar(stream)) break;
    assert(cancelled);
    assert(!stream.locked);
  },
);

Deno.test(
  "readTar() tells a body whose time is over",
  NO_PERMISSIONS,
  async () => {
    const entries = readTar(streamOf(THREE, 600));
    const first = await entries.next();
    await entries.next();
    assert(first.done !== true);
    const { body } = first.value;
    await assertRejects(() => toBytes(body), TypeError, "next entry");
    await entries.return?.();
  },
);

Deno.test(
  "readTar() passes the stream's error on",
  NO_PERMISSIONS,
  async () => {
    const broken = () => {
      let pulls = 0;
      return new ReadableStream<Uint8Array>({
        pull(controller) {
          if (pulls++ === 0) controller.enqueue(THREE.slice(0, 1000));
          else controller.error(new RangeError("the cable is out"));
        },
      });
    };
    await assertRejects(
      async () => {
        for await (const _ of readTar(broken()));
      },
      RangeError,
      "cable",
    );
    await assertRejects(
      async () => {
        for await (const { body } of readTar(broken())) await toBytes(body);
      },
      RangeError,
      "cable",
    );
  },
);

Deno.test(
  "readTar() ends a body that is cut off in an error",
  NO_PERMISSIONS,
  async () => {
    const cut = concat(block({ name: "cut", size: octal(100) }), utf8("abc"));
    const entries = readTar(streamOf(cut));
    const { value } = await entries.next();
    const error = await assertRejects(() => toText(value.body), TarError);
    assertEquals(error.entry, "cut");
    await entries.return?.();
  },
);

Deno.test(
  "readTar() hands out holes in small pieces",
  NO_PERMISSIONS,
  async () => {
    const size = 1024 ** 4;
    const bytes = archive(
      pax(
        "x",
        record("GNU.sparse.size", String(size)),
        record("GNU.sparse.numblocks", "1"),
        record("GNU.sparse.map", `${size - 1},1`),
      ),
      entry({ name: "s" }, "x"),
    );
    for await (const { size: read, body } of readTar(streamOf(bytes))) {
      assertEquals(read, size);
      const reader = body.getReader();
      const { value } = await reader.read();
      assert(value !== undefined && value.length <= 65536);
      assertEquals(value.find((byte) => byte !== 0), undefined);
      reader.releaseLock();
    }
  },
);

Deno.test(
  "readTar() copies bodies out of the input's buffers",
  NO_PERMISSIONS,
  async () => {
    const buffer = archive(entry({ name: "a" }, "before"));
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(buffer);
        controller.close();
      },
    });
    for await (const { body } of readTar(stream)) {
      const bytes = await toBytes(body);
      buffer.fill(0);
      assertEquals(bytes, utf8("before"));
    }
  },
);
