import './styles/theme.css';
import './styles/layout.css';
import './styles/elements.css';
import './styles/pages.css';
import { render } from 'preact';
import { isSignedIn } from './session/session.ts';
import { SignIn } from './session/sign-in.tsx';
import { Shell } from './shell/shell.tsx';
import { applyTheme } from './shell/theme.ts';

function App() {
  return isSignedIn.value ? <Shell /> : <SignIn />;
}

applyTheme();
const place = document.getElementById('app');
if (place !== null) render(<App />, place);
