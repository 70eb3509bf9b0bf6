/** How Kempt logs in to an org. */
export type SalesforceCredentials =
  | { readonly grant: 'client-credentials'; readonly clientId: string; readonly clientSecret: string }
  | {
      readonly grant: 'jwt-bearer';
      readonly clientId: string;
      readonly username: string;
      /** PKCS #8 or PKCS #1 PEM of the key whose certificate the connected app knows. */
      readonly privateKey: string;
      /** `https://login.salesforce.com` by default, `https://test.salesforce.com` for a sandbox. */
      readonly audience?: string | undefined;
    };
