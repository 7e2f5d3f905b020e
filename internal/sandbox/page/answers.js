// Reads the raw answers of an app to invokes, as the Teams client does, into one plain shape that the
// page can act on: {kind, …}. Sources: the tables of task, composeExtension and adaptiveCard/action answers.

/** The content type of Adaptive Cards. */
export const ADAPTIVE = 'application/vnd.microsoft.card.adaptive';

const failure = (key) => ({ kind: 'failure', key });

/** The failure that the client shows for an answer without success, or null when it is a success. */
function failureOf(answer) {
  if (answer.problem || answer.status >= 500) return failure('unreachable');
  return answer.status >= 200 && answer.status <= 299 ? null : failure('wrong');
}

const isEmpty = (body) => !body || (typeof body === 'object' && Object.keys(body).length === 0);

/** Reads an answer to adaptiveCard/action: card, toast, signIn, nothing or failure. */
export function readAction(answer) {
  const failed = failureOf(answer);
  const body = answer.body;
  if (isEmpty(body) || !body.type) return failed ?? { kind: 'nothing' };
  if (body.type === 'application/vnd.microsoft.activity.loginRequest') return { kind: 'signIn', ...signInOf(body.value) };
  if (failed) return failed;
  if ((body.statusCode ?? 200) !== 200) return failure('wrong');
  if (body.type === ADAPTIVE) return { kind: 'card', card: body.value };
  if (body.type === 'application/vnd.microsoft.activity.message') return { kind: 'toast', text: String(body.value) };
  return failure('wrong');
}

function signInOf(value) {
  const button = value?.buttons?.[0] ?? {};
  return { text: value?.text ?? '', title: button.title ?? '', url: button.value ?? '' };
}

/** Reads an answer of the task, config or composeExtension family: task, message, extension kinds, nothing or failure. */
export function readInvoke(answer) {
  const failed = failureOf(answer);
  if (failed) return failed;
  const body = answer.body;
  if (isEmpty(body)) return { kind: 'nothing' };
  if (body.task) return readTask(body.task);
  if (body.config) return readConfig(body.config);
  if (body.composeExtension) return readExtension(body.composeExtension);
  return failure('wrong');
}

function readTask(task) {
  if (task.type === 'message') return { kind: 'message', text: String(task.value ?? '') };
  if (task.type !== 'continue' || !task.value) return failure('wrong');
  const { card, url } = task.value;
  if (url) return { kind: 'task', task: task.value };
  // The card of a dialog is an attachment; a bare card is refused, as Teams refuses it.
  return card?.contentType === ADAPTIVE ? { kind: 'task', task: task.value } : failure('wrong');
}

// The answer to config/fetch and config/submit is what a task holds, under another name, or a sign-in.
const readConfig = (config) => (config.type === 'auth' ? readLink('auth', config) : readTask(config));

function readLink(kind, { suggestedActions }) {
  const link = suggestedActions?.actions?.[0];
  return link ? { kind, title: link.title, url: link.value } : failure('wrong');
}

function readExtension(extension) {
  switch (extension.type) {
    case 'result':
      return { kind: 'result', layout: extension.attachmentLayout === 'grid' ? 'grid' : 'list', attachments: extension.attachments ?? [] };
    case 'message':
      return { kind: 'message', text: extension.text ?? '' };
    case 'auth': case 'silentAuth': case 'config':
      return readLink(extension.type === 'config' ? 'config' : 'auth', extension);
    case 'botMessagePreview':
      return { kind: 'preview', activity: extension.activityPreview };
    default:
      return failure('wrong');
  }
}

/** Tells whether a search lists a result: Teams shows nothing for an adaptive card without a preview. */
export const isListed = (attachment) => attachment.contentType !== ADAPTIVE || Boolean(attachment.preview?.content);

/** The choices in an answer to application/search; none when it failed. */
export function readChoices(answer) {
  if (failureOf(answer)) return [];
  return (answer.body?.value?.results ?? []).map(({ title, value }) => ({ title: String(title), value: String(value) }));
}

/** True for addresses that a button may open. */
export function isOpenable(url) {
  try {
    return ['https:', 'http:', 'mailto:', 'tel:', 'msteams:'].includes(new URL(url).protocol);
  } catch {
    return false;
  }
}
