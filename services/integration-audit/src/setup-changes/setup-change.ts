/** A change of a CRM's own configuration. */
export interface SetupChange {
  readonly changeId: string;
  readonly at: Date;
  readonly userId: string;
  readonly action: string;
  readonly section: string;
  /** What it was, in the CRM's words. */
  readonly display: string;
}

export interface RiskyAction {
  /** As the CRM names it. */
  readonly action: string;
  readonly severity: 'low' | 'medium' | 'high';
  /** What it opens, for people. */
  readonly risk: string;
}

/** Actions that open a door, whoever does them and whatever for. */
export const riskyActions: readonly RiskyAction[] = [
  // Salesforce
  { action: 'PermSetAssign', severity: 'medium', risk: 'somebody was given further permissions' },
  { action: 'PermSetGroupAssign', severity: 'medium', risk: 'somebody was given further permissions' },
  { action: 'changedprofileforuser', severity: 'high', risk: 'somebody was given another profile' },
  { action: 'PermSetEnableUserPerm', severity: 'high', risk: 'everybody with a permission set can do more' },
  { action: 'insertConnectedApplication', severity: 'high', risk: 'a further app can reach the records' },
  { action: 'changedPasswordPolicy', severity: 'medium', risk: 'passwords may have become easier to guess' },
  { action: 'suOrgAdminLogin', severity: 'medium', risk: 'an administrator logged in as somebody else' },
  // HubSpot
  { action: 'ADD_ADMIN_PERMISSIONS', severity: 'high', risk: 'somebody became an administrator' },
  { action: 'CONTACT_DATA_EXPORT', severity: 'medium', risk: 'contacts left the CRM in a file' },
];

export const riskyActionOf = new Map(riskyActions.map((risky) => [risky.action, risky]));

/** What people do to their own account. It is not the work of an administrator. */
export const ownAccountActions: readonly string[] = ['changedpassword', 'CHANGE_PASSWORD', 'RESET_PASSWORD'];

/** HubSpot's audit log also tells of every edit of a record, which is ordinary work and no change of the setup. */
export const isOrdinaryWork = (section: string): boolean => section.startsWith('CRM_OBJECT');
