const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const checksumAlphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345';
const instance = 'Kp0';

/** The three letters that make a 15-character id safe to compare without regard to case. */
function checksum(id15: string): string {
  let suffix = '';
  for (let block = 0; block < 3; block++) {
    let bits = 0;
    for (let i = 0; i < 5; i++) {
      const code = id15.charCodeAt(block * 5 + i);
      if (code >= 65 && code <= 90) bits |= 1 << i;
    }
    suffix += checksumAlphabet[bits];
  }
  return suffix;
}

/** The 18-character id with the given key prefix and serial number. Ids sort as their serial numbers do. */
export function formatRecordId(keyPrefix: string, serial: number): string {
  let rest = '';
  let left = serial;
  for (let i = 0; i < 9; i++) {
    rest = alphabet[left % 62] + rest;
    left = Math.floor(left / 62);
  }
  const id15 = keyPrefix + instance + rest;
  return id15 + checksum(id15);
}

/** The serial number inside an id made by `formatRecordId`. */
export function recordSerial(id: string): number {
  let serial = 0;
  for (let i = 6; i < 15; i++) serial = serial * 62 + alphabet.indexOf(id[i] as string);
  return serial;
}

/** The 18-character form of a 15- or 18-character id, or null when it is malformed. */
export function normaliseRecordId(id: string): string | null {
  if (!/^[A-Za-z0-9]+$/.test(id)) return null;
  if (id.length === 15) return id + checksum(id);
  if (id.length !== 18) return null;
  return checksum(id.slice(0, 15)) === id.slice(15).toUpperCase() ? id.slice(0, 15) + checksum(id.slice(0, 15)) : null;
}
