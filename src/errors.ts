/**
 * Every error a caller may want to catch. Each message begins with what could
 * not be done, names the entry or blob, and ends with what to do about it.
 *
 * @module
 */

/** The class every error of this package extends. */
export class StrataError extends Error {
  /**
   * Makes the error.
   *
   * @param message What could not be done, to what, and what to do about it.
   * @param options The error that caused this one, if any.
   */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** A tar archive that is corrupt, truncated, or outside the stated limits. */
export class TarError extends StrataError {
  /** Byte offset in the uncompressed archive of the block that is at fault. */
  readonly offset: number;
  /** Name of the entry that is at fault, where one was read already. */
  readonly entry?: string;

  /**
   * Makes the error.
   *
   * @param message What is wrong.
   * @param offset Byte offset in the uncompressed archive.
   * @param entry Name of the entry, where it is known.
   */
  constructor(message: string, offset: number, entry?: string) {
    const where = entry === undefined ? "" : ` of entry ${quoteName(entry)}`;
    super(`Cannot read the archive at byte ${offset}${where}: ${message}`);
    this.offset = offset;
    this.entry = entry;
  }
}

/** Compressed data that is damaged, truncated, or of another format. */
export class DecompressionError extends StrataError {}

/** An entry that cannot be put on disk, or must not be. */
export class EntryError extends StrataError {
  /** Name of the entry as the archive has it. */
  readonly entry: string;

  /**
   * Makes the error.
   *
   * @param entry Name of the entry as the archive has it.
   * @param message What is wrong with it and what to do.
   * @param options The error that caused this one, if any.
   */
  constructor(entry: string, message: string, options?: ErrorOptions) {
    super(`Cannot unpack entry ${quoteName(entry)}: ${message}`, options);
    this.entry = entry;
  }
}

/** A layer of an image that could not be unpacked; `cause` says why. */
export class LayerError extends StrataError {
  /** Digest of the layer's blob. */
  readonly digest: string;
  /** Position of the layer in the manifest, counted from 0. */
  readonly index: number;

  /**
   * Makes the error.
   *
   * @param digest Digest of the layer's blob.
   * @param index Position of the layer in the manifest, counted from 0.
   * @param cause The error that stopped the layer.
   */
  constructor(digest: string, index: number, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`Cannot unpack layer ${index} (${digest}): ${reason}`, { cause });
    this.digest = digest;
    this.index = index;
  }
}

/** Bytes that are not what their digest or size says. */
export class VerificationError extends StrataError {
  /** The digest that the bytes should have had. */
  readonly digest: string;

  /**
   * Makes the error.
   *
   * @param digest The digest that the bytes should have had.
   * @param message What differs.
   */
  constructor(digest: string, message: string) {
    super(`Cannot verify blob ${digest}: ${message}`);
    this.digest = digest;
  }
}

/** A blob that the store does not hold. */
export class BlobNotFoundError extends StrataError {
  /** Digest of the missing blob. */
  readonly digest: string;

  /**
   * Makes the error.
   *
   * @param digest Digest of the missing blob.
   */
  constructor(digest: string) {
    super(
      `Cannot find blob ${digest}: the image does not hold it; copy the image again, or name another one`,
    );
    this.digest = digest;
  }
}

/** A JSON document or a directory that breaks the image-spec. */
export class InvalidImageError extends StrataError {}

/** A media type that this package does not know or does not unpack. */
export class UnsupportedMediaTypeError extends StrataError {
  /** The media type. */
  readonly mediaType: string;

  /**
   * Makes the error.
   *
   * @param mediaType The media type.
   * @param message What could not be done with it.
   */
  constructor(mediaType: string, message: string) {
    super(message);
    this.mediaType = mediaType;
  }
}

/** A reference name that the image does not hold. */
export class ReferenceNotFoundError extends StrataError {}

/** A reference name, or a choice of platform, with more than one answer. */
export class AmbiguousReferenceError extends StrataError {}

/** A user or group id that the given mappings do not cover. */
export class UnmappedIdError extends StrataError {
  /** The id without a mapping. */
  readonly id: number;

  /**
   * Makes the error.
   *
   * @param id The id without a mapping.
   * @param message Which mapping lacks it.
   */
  constructor(id: number, message: string) {
    super(message);
    this.id = id;
  }
}

/** A Deno permission that the operation needs and does not have. */
export class MissingPermissionError extends StrataError {
  /** The flag that grants it, such as `--allow-ffi`. */
  readonly flag: string;

  /**
   * Makes the error.
   *
   * @param flag The flag that grants it.
   * @param purpose What could not be done without it, and why.
   * @param options The error that caused this one, if any.
   */
  constructor(flag: string, purpose: string, options?: ErrorOptions) {
    super(`${purpose}; run deno with ${flag}`, options);
    this.flag = flag;
  }
}

/** A bundle whose `rootfs` or `config.json` exists already. */
export class BundleExistsError extends StrataError {}

/** A system call that failed; `code` is the errno's name. */
export class SystemError extends StrataError {
  /** The errno's name, such as `ENOSPC`. */
  readonly code: string;

  /**
   * Makes the error.
   *
   * @param code The errno's name.
   * @param message What could not be done, to which path.
   * @param options The error that caused this one, if any.
   */
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * Quotes a name for a message: control characters and bytes that are not
 * UTF-8 are escaped, so that a hostile name cannot draw on a terminal.
 *
 * @param name The name.
 * @returns The name in double quotes, at most some 200 characters of it.
 */
export function quoteName(name: string): string {
  const shown = name.length > 200 ? `${name.slice(0, 200)}...` : name;
  let text = "";
  for (const char of shown) {
    const code = char.codePointAt(0) ?? 0;
    if (code >= 0xdc80 && code <= 0xdcff) {
      text += `\\x${(code - 0xdc00).toString(16)}`;
    } else if (code < 0x20 || (code >= 0x7f && code < 0xa0)) {
      text += `\\x${code.toString(16).padStart(2, "0")}`;
    } else if (char === '"' || char === "\\") {
      text += `\\${char}`;
    } else {
      text += char;
    }
  }
  return `"${text}"`;
}
