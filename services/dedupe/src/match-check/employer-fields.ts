/**
 * What the fields of a person, by column, say of the organisation that the person belongs to: its name, and the domains of the mail addresses. Those
 * of free mail say nothing, which the matching library knows. Undefined when nothing is left.
 */
export function employerFields(
  person: Readonly<Record<string, string | readonly string[]>>,
): Record<string, string | string[]> | undefined {
  const name = textsOf(person['organisation']);
  const domains = textsOf(person['email']).flatMap((email) => {
    const at = email.lastIndexOf('@');
    return at < 0 ? [] : [email.slice(at + 1).toLowerCase()];
  });
  const fields: Record<string, string | string[]> = {};
  if (name.length > 0) fields['name'] = name;
  if (domains.length > 0) fields['domain'] = [...new Set(domains)];
  return Object.keys(fields).length === 0 ? undefined : fields;
}

function textsOf(value: string | readonly string[] | undefined): string[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : [...value];
}
