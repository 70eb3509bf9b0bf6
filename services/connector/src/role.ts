import type { Component } from '@kempt/service-runtime';

/**
 * What an instance of the connector does besides answering requests, which every one does. Instances with different roles share
 * the work over the database: leases, schedules and the journal know no process.
 */
export const connectorRoles = ['sync', 'writer', 'webhooks'] as const;
export type ConnectorRole = (typeof connectorRoles)[number];

/** The components of the given roles, in the order of the list. */
export function componentsOf(
  roles: readonly ConnectorRole[],
  components: readonly (readonly [ConnectorRole, Component])[],
): readonly Component[] {
  return components.filter(([role]) => roles.includes(role)).map(([, component]) => component);
}
