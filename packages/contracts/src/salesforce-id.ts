const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345';

/** The 18-character form of a Salesforce record id; the 15-character form depends on the case of its letters, the long one does not. */
export function longSalesforceId(id: string): string {
  if (id.length !== 15) return id;
  let suffix = '';
  for (let chunk = 0; chunk < 3; chunk += 1) {
    let bits = 0;
    for (let position = 0; position < 5; position += 1) {
      const letter = id.charAt(chunk * 5 + position);
      if (letter >= 'A' && letter <= 'Z') bits |= 1 << position;
    }
    suffix += alphabet.charAt(bits);
  }
  return id + suffix;
}

/** Whether a text looks like a Salesforce record id: 15 or 18 letters and digits. */
export const isSalesforceId = (value: unknown): value is string =>
  typeof value === 'string' && /^(?:[A-Za-z0-9]{15}|[A-Za-z0-9]{18})$/.test(value);
