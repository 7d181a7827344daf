/** Who is in a session, in words. */

import type { PersonPresence, Presence } from "perdure/protocol";

/** The name of a person. A guest's subject holds the name that they gave, if any. */
export function nameOf(subject: string): string {
  const [, id, name] = /^guest:([^:]+)(?::(.+))?$/s.exec(subject) ?? [];
  if (id === undefined) return subject;
  return name ?? `Guest ${id}`;
}

/** One line for each person, oneself first. */
export function peopleLines(
  { people }: Presence,
  self: string | undefined,
): readonly (PersonPresence & { readonly name: string })[] {
  const lines = people.map((person) => ({ ...person, name: nameOf(person.subject) }));
  return [
    ...lines
      .filter(({ subject }) => subject === self)
      .map((line) => ({ ...line, name: `${line.name} (you)` })),
    ...lines.filter(({ subject }) => subject !== self),
  ];
}
