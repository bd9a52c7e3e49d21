/**
 * A program of some 150 bytes for an image that has no libc: a static ELF
 * executable that writes a text and exits, for this machine's processor.
 *
 * @module
 */

const HEADERS_SIZE = 64 + 56;
const LOAD_ADDRESS = 0x400000;

/** write(1, text, length), exit(0); the text stands right behind the code. */
function x86Code(length: number): number[] {
  return [
    ...[0xb8, 1, 0, 0, 0], // mov eax, 1 (write)
    ...[0xbf, 1, 0, 0, 0], // mov edi, 1
    ...[0x48, 0x8d, 0x35, 16, 0, 0, 0], // lea rsi, [rip + 16]
    ...[0xba, length & 0xff, length >> 8, 0, 0], // mov edx, length
    ...[0x0f, 0x05], // syscall
    ...[0xb8, 60, 0, 0, 0], // mov eax, 60 (exit)
    ...[0x31, 0xff], // xor edi, edi
    ...[0x0f, 0x05], // syscall
  ];
}

function armCode(length: number): number[] {
  const instructions = [
    0xd2800808, // mov x8, #64 (write)
    0xd2800020, // mov x0, #1
    0x100000c1, // adr x1, #24
    (0xd2800002 | length << 5) >>> 0, // mov x2, length
    0xd4000001, // svc #0
    0xd2800ba8, // mov x8, #93 (exit)
    0xd2800000, // mov x0, #0
    0xd4000001, // svc #0
  ];
  return [...new Uint8Array(new Uint32Array(instructions).buffer)];
}

/**
 * Makes the program.
 *
 * @param message What it writes, at most 2047 bytes.
 * @returns An executable for Linux on this machine's processor.
 */
export function tinyProgram(message: string): Uint8Array {
  const text = new TextEncoder().encode(message);
  const isArm = Deno.build.arch === "aarch64";
  const code = isArm ? armCode(text.length) : x86Code(text.length);
  const size = HEADERS_SIZE + code.length + text.length;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]); // ELF, 64 bits, little-endian
  view.setUint16(16, 2, true); // an executable
  view.setUint16(18, isArm ? 0xb7 : 0x3e, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(LOAD_ADDRESS + HEADERS_SIZE), true); // entry
  view.setBigUint64(32, 64n, true); // where the program header stands
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 1, true);
  view.setUint32(64, 1, true); // to be loaded,
  view.setUint32(68, 5, true); // readable and executable
  view.setBigUint64(80, BigInt(LOAD_ADDRESS), true);
  view.setBigUint64(88, BigInt(LOAD_ADDRESS), true);
  view.setBigUint64(96, BigInt(size), true);
  view.setBigUint64(104, BigInt(size), true);
  view.setBigUint64(112, 0x1000n, true);
  bytes.set(code, HEADERS_SIZE);
  bytes.set(text, HEADERS_SIZE + code.length);
  return bytes;
}
