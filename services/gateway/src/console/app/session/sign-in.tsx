import { useState } from 'preact/hooks';
import { ApiProblem, api } from '../api/api.ts';
import { farewell, signIn } from './session.ts';

interface Session {
  readonly tenantId: string;
  readonly scopes: readonly string[];
}

export function SignIn() {
  const [key, setKey] = useState('');
  const [problem, setProblem] = useState(farewell.value);
  const [isAsking, setAsking] = useState(false);

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    setAsking(true);
    try {
      const session = await api.get<Session>('/v1/session', { key: key.trim() });
      signIn(key.trim(), session.scopes);
    } catch (error) {
      setProblem(error instanceof ApiProblem ? error.message : 'Signing in failed. Try again.');
      setAsking(false);
    }
  }

  return (
    <main class="sign-in">
      <form onSubmit={(event) => void submit(event)} aria-labelledby="sign-in-title">
        <h1 id="sign-in-title">Kempt</h1>
        <p>CRM maintenance for Salesforce and HubSpot.</p>
        <label for="api-key">API key</label>
        <input
          id="api-key"
          type="password"
          autocomplete="off"
          spellcheck={false}
          placeholder="kempt_…"
          value={key}
          aria-describedby="sign-in-problem"
          onInput={(event) => setKey(event.currentTarget.value)}
          ref={(input) => input?.focus()}
        />
        <p id="sign-in-problem" class="problem" role="alert">
          {problem}
        </p>
        <button type="submit" class="primary" disabled={isAsking || key.trim() === ''}>
          Sign in
        </button>
        <p class="quiet">The key stays in this tab. It is shown once when it is created with POST /v1/api-keys.</p>
      </form>
    </main>
  );
}
