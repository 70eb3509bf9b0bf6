/** How people fill in a CRM: shares of records in which a field is there, and how often names are touched. */
export interface CrmProfile {
  readonly crm: 'salesforce' | 'hubspot';
  readonly workEmail: number;
  readonly noEmail: number;
  readonly telephone: number;
  readonly mobile: number;
  readonly homeTelephone: number;
  readonly workAddress: number;
  readonly homeAddress: number;
  readonly title: number;
  readonly department: number;
  readonly birthDate: number;
  readonly stale: number;
  readonly nameNoise: number;
  readonly lowerCase: number;
  readonly companyAddress: number;
  readonly companyTelephone: number;
  readonly companyDomain: number;
  /** E-mail addresses must be unique. */
  readonly hasUniqueEmail: boolean;
}

export const salesforceProfile: CrmProfile = {
  crm: 'salesforce',
  workEmail: 0.8,
  noEmail: 0.06,
  telephone: 0.75,
  mobile: 0.55,
  homeTelephone: 0.12,
  workAddress: 0.55,
  homeAddress: 0.16,
  title: 0.8,
  department: 0.45,
  birthDate: 0.3,
  stale: 0.08,
  nameNoise: 0.07,
  lowerCase: 0.01,
  companyAddress: 0.88,
  companyTelephone: 0.82,
  companyDomain: 0.8,
  hasUniqueEmail: false,
};

export const hubspotProfile: CrmProfile = {
  crm: 'hubspot',
  workEmail: 0.66,
  noEmail: 0.03,
  telephone: 0.55,
  mobile: 0.42,
  homeTelephone: 0,
  workAddress: 0.38,
  homeAddress: 0.12,
  title: 0.6,
  department: 0,
  birthDate: 0.18,
  stale: 0.08,
  nameNoise: 0.08,
  lowerCase: 0.06,
  companyAddress: 0.7,
  companyTelephone: 0.7,
  companyDomain: 0.92,
  hasUniqueEmail: true,
};
