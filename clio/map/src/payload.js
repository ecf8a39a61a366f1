// One message from Python: u32 length | JSON header | arrays, each padded to four bytes. See clio/map/payload.py.

const TYPES = { f4: Float32Array, u1: Uint8Array, u2: Uint16Array, u4: Uint32Array };

export class PayloadError extends Error {}

function aligned(offset) {
  return (offset + 3) & ~3;
}

/** The header, and where each array lies; arrays are copied out only when asked for. */
export function readPayload(bytes) {
  if (bytes.byteLength < 4) throw new PayloadError("The map's data is cut off.");
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  if (4 + length > bytes.byteLength) throw new PayloadError("The map's data is cut off.");
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  if (header.version !== 1) throw new PayloadError("The map's data is of another version than its script.");
  const places = new Map();
  let offset = aligned(4 + length);
  for (const [name, code, count] of header.arrays) {
    const Type = TYPES[code];
    const size = count * Type.BYTES_PER_ELEMENT;
    if (offset + size > bytes.byteLength) throw new PayloadError("The map's data is cut off.");
    places.set(name, { Type, offset, size });
    offset = aligned(offset + size);
  }
  const array = (name) => {
    const place = places.get(name);
    if (!place) return null;
    // A copy: the bytes as they come need not begin at a multiple of the element's size.
    return new place.Type(bytes.slice(place.offset, place.offset + place.size).buffer);
  };
  return { header, array };
}

/** Bytes of any of the forms the three shells hand over. */
export function asBytes(data) {
  if (data instanceof Uint8Array) return data;
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return null;
}
