import { useState } from 'preact/hooks';
import { api } from '../api/api.ts';
import { useResource } from '../api/resource.ts';
import { timeText, wordsText } from '../elements/number-text.ts';
import { Badge, Shown } from '../elements/states.tsx';
import { may } from '../session/session.ts';
import { attempt, notify } from '../shell/notices.tsx';

interface ConnectionSafety {
  readonly id: string;
  readonly account: string;
  readonly name: string;
  readonly environment?: string;
  readonly locked: boolean;
  readonly lockReason?: string;
  readonly killSwitch: boolean;
  readonly killReason?: string;
}

interface Safety {
  readonly readOnly: boolean;
  readonly readOnlyBySetting?: boolean;
  readonly freeze: { readonly until: string; readonly reason: string } | null;
  readonly connections: readonly ConnectionSafety[];
}

/** What may be written at the moment, and the switches that decide it. Each asks for a reason, which is kept. */
export function SafetyPanel() {
  const safety = useResource<Safety>('safety', (signal) => api.get('/v1/safety', { signal }), {
    topics: ['connection-changed', 'change-set-changed'],
  });
  return (
    <section aria-label="Safety switches">
      <Shown resource={safety} what="safety switches" lines={3}>
        {(value) => (
          <>
            {value.freeze !== null && (
              <p class="problem">
                Changes are frozen until {timeText(value.freeze.until)}: {value.freeze.reason}
              </p>
            )}
            <ul class="rows">
              <li>
                <span>
                  <strong>All accounts</strong>
                  {value.readOnlyBySetting === true && (
                    <span class="sub">Read-only by the configuration; only the operator can change it.</span>
                  )}
                </span>
                <span>
                  <Badge tone={value.readOnly ? 'bad' : 'good'}>{value.readOnly ? 'Read-only' : 'Writable'}</Badge>{' '}
                  <button
                    type="button"
                    disabled={!may('safety:write') || value.readOnlyBySetting === true}
                    onClick={() =>
                      void attempt(async () => {
                        await api.put('/v1/safety', { readOnly: !value.readOnly, freeze: value.freeze });
                        notify('done', value.readOnly ? 'The CRMs can be written to.' : 'Nothing is written any more.');
                        safety.reload();
                      })
                    }
                  >
                    {value.readOnly ? 'Allow writing' : 'Make read-only'}
                  </button>
                </span>
              </li>
              {value.connections.map((connection) => (
                <Connection key={connection.id} connection={connection} onChanged={safety.reload} />
              ))}
            </ul>
          </>
        )}
      </Shown>
    </section>
  );
}

function Connection({
  connection,
  onChanged,
}: {
  readonly connection: ConnectionSafety;
  readonly onChanged: () => void;
}) {
  const [asked, ask] = useState<'lock' | 'kill'>();
  const [reason, setReason] = useState('');
  const { id, name, account, environment, locked, killSwitch } = connection;

  async function change(): Promise<void> {
    if (asked === 'kill') await api.post(`/v1/connections/${id}/kill-switch`, { pulled: !killSwitch, reason });
    else await api.post(`/v1/connections/${id}/${locked ? 'unlock' : 'lock'}`, { reason });
    notify('done', `Noted for ${name}, with your reason.`);
    ask(undefined);
    setReason('');
    onChanged();
  }

  const words = { lock: locked ? 'Unlock' : 'Lock', kill: killSwitch ? 'Release the kill switch' : 'Kill switch' };
  const fieldId = `reason-${id}`;
  return (
    <li>
      <span>
        <strong>{name}</strong> <span class="quiet">{account}</span>
        <span class="sub">
          {environment === undefined ? '' : wordsText(environment)} {connection.lockReason} {connection.killReason}
        </span>
      </span>
      <span>
        <Badge tone={killSwitch ? 'bad' : locked ? 'warn' : 'good'}>
          {killSwitch ? 'Stopped' : locked ? 'Locked' : 'Writable'}
        </Badge>{' '}
        {(['lock', 'kill'] as const).map((kind) => (
          <button
            key={kind}
            type="button"
            disabled={!may('safety:write')}
            aria-expanded={asked === kind}
            aria-label={`${words[kind]} ${name}`}
            onClick={() => ask(asked === kind ? undefined : kind)}
          >
            {words[kind]}
          </button>
        ))}
      </span>
      {asked !== undefined && (
        <form
          class="line-form"
          onSubmit={(event) => {
            event.preventDefault();
            void attempt(change);
          }}
        >
          <label for={fieldId}>Why</label>
          <input
            id={fieldId}
            required
            maxLength={500}
            value={reason}
            ref={(input) => input?.focus()}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
          <button type="submit" class="primary">
            {words[asked]}
          </button>
        </form>
      )}
    </li>
  );
}
