/**
 * Memory of a transform's pieces. It uses nothing from around it, so that
 * threads can use it (see `Thread`).
 *
 * @module
 */

/**
 * Frees the memory of a piece that was copied, once the transform has filled
 * all of it. The garbage collector would let so much of it pile up that the
 * system takes it back, and has to clear it anew for every piece.
 *
 * @param piece The piece; nobody may use it any more.
 */
export function giveBack({ buffer, byteOffset, byteLength }: Uint8Array): void {
  const isFilled = byteOffset + byteLength === buffer.byteLength;
  if (isFilled && buffer instanceof ArrayBuffer) buffer.transfer(0);
}
