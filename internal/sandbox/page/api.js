// The doors of the sandbox's server, one function each. An answer that is no success becomes an Error
// with the status in `status`.

async function call(method, path, body) {
  const init = { method, headers: {} };
  if (body !== undefined) {
    init.headers['Content-Type'] = 'application/json';
    init.body = JSON.stringify(body);
  }
  const response = await fetch(path, init);
  const text = await response.text();
  if (!response.ok) throw Object.assign(new Error(`${method} ${path}: ${response.status}`), { status: response.status, detail: text.slice(0, 400) });
  return text === '' ? {} : JSON.parse(text);
}

async function bytes(path) {
  const response = await fetch(path);
  if (!response.ok) throw Object.assign(new Error(`GET ${path}: ${response.status}`), { status: response.status });
  return response.blob();
}

const query = (parts) => new URLSearchParams(parts).toString();
const post = (path) => (body) => call('POST', path, body);

export const api = {
  world: (as, locale) => call('GET', `/api/world?${query({ as, locale })}`),
  messages: (as, conversation) => call('GET', `/api/messages?${query({ as, conversation })}`),
  activity: () => call('GET', '/api/activity'),
  events: (as) => new EventSource(`/api/events?${query({ as })}`),
  pictures: () => call('GET', '/api/pictures'),
  picture: (name) => bytes(`/api/pictures/${encodeURIComponent(name)}`),
  send: post('/api/send'),
  submit: post('/api/submit'),
  action: post('/api/action'),
  token: post('/api/token'),
  invoke: post('/api/invoke'),
  compose: post('/api/compose'),
  edit: post('/api/edit'),
  remove: post('/api/delete'),
  react: post('/api/react'),
  record: (last) => call('GET', `/api/record?${query({ last })}`),
  clock: (as) => call('GET', `/api/clock?${query({ as })}`),
  setClock: post('/api/clock'),
  trouble: () => call('GET', '/api/faults'),
  install: post('/api/install'),
  uninstall: post('/api/uninstall'),
  faults: post('/api/faults'),
  clearFaults: () => call('DELETE', '/api/faults'),
  signOn: post('/api/signon'),
  forgetConsents: () => call('DELETE', '/api/consents'),
  rotate: () => call('POST', '/api/rotate', {}),
  reset: () => call('POST', '/api/reset', {}),
};
