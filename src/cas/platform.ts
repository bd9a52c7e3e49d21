/**
 * Which of several manifests is for which machine.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md
 * @module
 */
import { quoteName } from "../errors.ts";
import type { Platform } from "../oci/image_spec.ts";

/** The platform that somebody asks for; what is left out may be anything. */
export type WantedPlatform = Pick<
  Platform,
  "architecture" | "os" | "variant" | "os.version"
>;

/**
 * What an architecture without a variant stands for. amd64 has levels that
 * not every machine runs, so without one it is the lowest.
 */
const DEFAULT_VARIANTS: ReadonlyMap<string, string> = new Map([
  ["amd64", "v1"],
  ["arm", "v7"],
  ["arm64", "v8"],
]);

/**
 * The platforms that suit this machine, the best first. Linux comes second on
 * other systems, because that is what their containers run.
 *
 * @returns One platform or two, in Go's names.
 */
export function hostPlatforms(): WantedPlatform[] {
  const architecture = Deno.build.arch === "x86_64" ? "amd64" : "arm64";
  const systems = new Set([Deno.build.os, "linux"]); // Go's names are the same.
  return Array.from(systems, (os) => ({ architecture, os }));
}

/**
 * Finds what suits a platform. Where the variant is left open, those of the
 * architecture's default variant are preferred.
 *
 * @param candidates What there is to choose from.
 * @param wanted The platform.
 * @returns Those that suit it.
 */
export function selectPlatform<T extends { platform?: Platform }>(
  candidates: T[],
  wanted: WantedPlatform,
): T[] {
  const suiting = candidates.filter(({ platform }) =>
    platform !== undefined && suits(platform, wanted)
  );
  if (wanted.variant) return suiting;
  const usual = suiting.filter(({ platform }) =>
    variantOf(platform ?? wanted) === variantOf(wanted)
  );
  return usual.length > 0 ? usual : suiting;
}

/**
 * @param platform A platform.
 * @returns It as people write it, such as `linux/arm/v7`.
 */
export function formatPlatform(platform: WantedPlatform): string {
  const { os, architecture, variant, "os.version": version } = platform;
  const parts = variant ? [os, architecture, variant] : [os, architecture];
  const name = parts.join("/");
  return quoteName(version ? `${name} (${version})` : name).slice(1, -1);
}

function suits(platform: Platform, wanted: WantedPlatform): boolean {
  return platform.os === wanted.os &&
    platform.architecture === wanted.architecture &&
    (!wanted.variant || variantOf(platform) === variantOf(wanted)) &&
    (!wanted["os.version"] || platform["os.version"] === wanted["os.version"]);
}

function variantOf(platform: WantedPlatform): string | undefined {
  return platform.variant || DEFAULT_VARIANTS.get(platform.architecture);
}
