/**
 * Takes `IMAGE[:TAG]` apart, as umoci does: the tag stands behind the last
 * colon, unless a slash follows.
 *
 * @param name The name.
 * @returns Path of the image layout, and the tag, `latest` where none is given.
 */
export function parseImageName(name: string): { path: string; tag: string } {
  const colon = name.lastIndexOf(":");
  if (colon === -1 || name.includes("/", colon)) {
    return { path: name, tag: "latest" };
  }
  return { path: name.slice(0, colon), tag: name.slice(colon + 1) };
}
