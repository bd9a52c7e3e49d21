/**
 * What differs between two hierarchies.
 *
 * @module
 */

/**
 * How something differs: it is in both and not the same, only in the second
 * hierarchy, or only in the first.
 */
export type DeltaType = "modified" | "extra" | "missing";

/** A keyword of one path that differs. */
export interface KeyDelta {
  /** How it differs. */
  type: DeltaType;
  /** The keyword, such as `mode` or `xattr.user.note`. */
  name: string;
  /** Its value in the first hierarchy; absent where `type` is `extra`. */
  old?: string;
  /** Its value in the second hierarchy; absent where `type` is `missing`. */
  new?: string;
}

/** A path that differs. */
export interface InodeDelta {
  /** How it differs. */
  type: DeltaType;
  /** The path, relative to the root of the tree; the root itself is `.`. */
  path: string;
  /** The keywords that differ, by name; present where `type` is `modified`. */
  keys?: KeyDelta[];
}
