import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const storePassword = 'test-broker';

/** Users that a secure test broker knows, by PLAIN and by both kinds of SCRAM. Only ACLs let them do anything. */
export const testUsers = [
  { username: 'writer', password: 'writer-secret' },
  { username: 'stranger', password: 'stranger-secret' },
] as const;

const keystoreFile = 'server.p12';
const certificateFile = 'server.pem';

/** Makes a self-signed certificate for `localhost` in the folder, by the tool that comes with Java. */
export async function createServerCertificate(folder: string): Promise<void> {
  const keystore = join(folder, keystoreFile);
  const exported = join(folder, certificateFile);
  const store = ['-alias', 'server', '-keystore', keystore, '-storetype', 'PKCS12', '-storepass', storePassword];
  const names = ['-dname', 'CN=localhost', '-ext', 'SAN=dns:localhost,ip:127.0.0.1', '-ext', 'bc:c'];
  await run('keytool', ['-genkeypair', ...store, '-keyalg', 'RSA', '-keysize', '2048', '-validity', '3650', ...names]);
  await run('keytool', ['-exportcert', '-rfc', ...store, '-file', exported]);
}

/** The certificate in the folder as PEM; it is its own authority. */
export function readCertificate(folder: string): Promise<string> {
  return readFile(join(folder, certificateFile), 'utf8');
}

/** Settings of a broker whose certificate lies in `folder`. */
export function secureProperties(folder: string): string[] {
  const plainUsers = testUsers.map(({ username, password }) => `user_${username}="${password}"`).join(' ');
  const loginModules: Readonly<Record<string, string>> = {
    plain: `org.apache.kafka.common.security.plain.PlainLoginModule required ${plainUsers};`,
    'scram-sha-256': 'org.apache.kafka.common.security.scram.ScramLoginModule required;',
    'scram-sha-512': 'org.apache.kafka.common.security.scram.ScramLoginModule required;',
    // Without further settings this module takes unsigned tokens, which is what a test can make.
    oauthbearer:
      'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";',
  };
  const logins = ['sasl_plaintext', 'sasl_ssl'].flatMap((listener) =>
    Object.entries(loginModules).map(
      ([mechanism, module]) => `listener.name.${listener}.${mechanism}.sasl.jaas.config=${module}`,
    ),
  );
  return [
    'sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
    ...logins,
    `ssl.keystore.location=${join(folder, keystoreFile)}`,
    `ssl.keystore.password=${storePassword}`,
    'ssl.keystore.type=PKCS12',
    'authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users=User:ANONYMOUS',
  ];
}
