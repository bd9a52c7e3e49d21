/**
 * JSON from somebody else, taken apart field by field. Every check names the
 * document and the field that fails it.
 *
 * @module
 */
import { InvalidImageError, quoteName } from "../errors.ts";

/**
 * The largest JSON document that is read or written, in bytes. It is what
 * registries accept for a manifest, and containers/image for a configuration.
 */
export const MAX_DOCUMENT_SIZE = 4 * 1024 * 1024;

const DIGEST =
  /^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}|(?!sha256:|sha512:)[a-z0-9]+([+._-][a-z0-9]+)*:[\w=-]+)$/;

/**
 * Parses a JSON document, an object.
 *
 * @param bytes The document in UTF-8.
 * @param document What it is, for messages, such as `manifest sha256:...`.
 * @returns The root of the document.
 * @throws {InvalidImageError} Where it is too large, no UTF-8, no JSON or no
 * object.
 */
export function parseDocument(bytes: Uint8Array, document: string): JsonField {
  checkDocumentSize(bytes.length, document);
  const root = new JsonField(document, "", parseJson(bytes, document));
  root.object();
  return root;
}

/**
 * Checks a document's size before it is read.
 *
 * @param size The size in bytes.
 * @param document What it is, for messages.
 * @throws {InvalidImageError} Where it is larger than `MAX_DOCUMENT_SIZE`.
 */
export function checkDocumentSize(size: number, document: string): void {
  if (size <= MAX_DOCUMENT_SIZE) return;
  throw new InvalidImageError(
    `Cannot read ${document}: it has ${size} bytes, and no more than ${MAX_DOCUMENT_SIZE} are read`,
  );
}

function parseJson(bytes: Uint8Array, document: string): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
      .decode(bytes);
  } catch {
    throw new InvalidImageError(`Cannot read ${document}: it is not UTF-8`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    // The parser's message quotes the document, which may hold anything.
    const reason = quoteName(error instanceof Error ? error.message : "");
    throw new InvalidImageError(
      `Cannot read ${document}: it is not JSON: ${reason}`,
    );
  }
}

/** A value in a document, and the way to it. */
export class JsonField {
  /** What the document is, for messages. */
  readonly document: string;
  /** The way from the root, such as `layers[2].digest`; empty for the root. */
  readonly path: string;
  /** The value. */
  readonly value: unknown;

  /**
   * @param document What the document is.
   * @param path The way from the root.
   * @param value The value.
   */
  constructor(document: string, path: string, value: unknown) {
    this.document = document;
    this.path = path;
    this.value = value;
  }

  /** @returns The value, which must be an object. */
  object(): Record<string, unknown> {
    if (!isObject(this.value)) this.fail("must be an object");
    return this.value;
  }

  /** @returns The value, which must be a string. */
  string(): string {
    if (typeof this.value !== "string") this.fail("must be a string");
    return this.value;
  }

  /** The value must be true or false. */
  boolean(): void {
    if (typeof this.value !== "boolean") this.fail("must be true or false");
  }

  /** The value must be a list of strings. */
  stringList(): void {
    for (const item of this.items()) item.string();
  }

  /** The value must be an object whose values are strings. */
  stringMap(): void {
    for (const field of this.fields()) field.string();
  }

  /** The value must be an object whose values are objects. */
  objectMap(): void {
    for (const field of this.fields()) field.object();
  }

  /** The value must be a number of bytes. */
  size(): void {
    if (!Number.isSafeInteger(this.value) || Number(this.value) < 0) {
      this.fail("must be a whole number, 0 or more");
    }
  }

  /**
   * The value must be a digest. One of an algorithm that is not known here
   * is none the worse for it until somebody asks for its blob.
   */
  digest(): void {
    const digest = this.string();
    if (!DIGEST.test(digest)) {
      this.fail(`is ${quoteName(digest)}, which is not a well-formed digest`);
    }
  }

  /** @returns The items of the value, which must be a list. */
  items(): JsonField[] {
    if (!Array.isArray(this.value)) this.fail("must be a list");
    return this.value.map((item, index) =>
      new JsonField(this.document, `${this.path}[${index}]`, item)
    );
  }

  /** @returns The fields of the value, which must be an object. */
  fields(): JsonField[] {
    return Object.keys(this.object()).map((name) => this.required(name));
  }

  /**
   * @param name Name of a field of this object.
   * @returns The field; its value is undefined where there is none.
   */
  required(name: string): JsonField {
    const object = this.object();
    const value = Object.hasOwn(object, name) ? object[name] : undefined;
    const shown = /^\w+$/.test(name) ? name : quoteName(name);
    const path = this.path === "" ? shown : `${this.path}.${shown}`;
    return new JsonField(this.document, path, value);
  }

  /**
   * Go's encoder writes null where there is nothing, and its decoder reads it
   * so: such a field is taken out.
   *
   * @param name Name of a field of this object.
   * @returns The field, or undefined where there is none.
   */
  optional(name: string): JsonField | undefined {
    const field = this.required(name);
    if (field.value === null) delete this.object()[name];
    return field.value === null || field.value === undefined
      ? undefined
      : field;
  }

  /**
   * Go's encoder also writes null for an empty list: it becomes one here.
   *
   * @param name Name of a field of this object that must be there.
   * @returns The items of the list.
   */
  list(name: string): JsonField[] {
    const field = this.required(name);
    if (field.value !== null) return field.items();
    this.object()[name] = [];
    return [];
  }

  /**
   * @param problem What is wrong with the value.
   * @throws {InvalidImageError} Always.
   */
  fail(problem: string): never {
    const subject = this.path === "" ? "it" : `its field ${this.path}`;
    const stated = this.value === undefined ? "is missing" : problem;
    throw new InvalidImageError(
      `Cannot read ${this.document}: ${subject} ${stated}`,
    );
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
