// Checks every card in cards/testdata with Microsoft's own parts: what the renderer says while it parses and
// validates, that it draws in light, dark and on a phone without anything wider than the card, and, where
// the schema lies beside the repository, that each element fits the schema of version 1.5.
// Run: node cards.mjs [folder with cards]. Ends with status 1 and one line for each problem.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { browse } from './helper.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const folder = resolve(process.argv[2] ?? join(here, '../../cards/testdata'));
const schemaFile = join(here, '../../../shared/clients/schemas/adaptive-card-1.5.0.json');
const page = join(here, '../../internal/sandbox/page');
const WIDTHS = { wide: 480, phone: 300 }; // a card in a conversation, and on a phone of 320 px

/** All Adaptive Cards inside a JSON value. */
function cardsIn(value) {
  if (Array.isArray(value)) return value.flatMap(cardsIn);
  if (value === null || typeof value !== 'object') return [];
  return value.type === 'AdaptiveCard' ? [value] : Object.values(value).flatMap(cardsIn);
}

// Properties that hold elements or actions; each of those is checked by itself, so that messages stay short.
const CHILDREN = new Set(['body', 'items', 'columns', 'actions', 'rows', 'cells', 'images', 'inlines', 'card', 'selectAction', 'inlineAction', 'action', 'refresh', 'fallback']);
// What Teams documents beyond the schema: a picture that can be seen large, a list that is narrowed by typing.
const TEAMS = { Image: 'msTeams' };
const TEAMS_STYLES = { 'Input.ChoiceSet': 'filtered' };
const IMPLIED = { columns: 'Column', rows: 'TableRow', cells: 'TableCell' };

function schemaChecker() {
  if (!existsSync(schemaFile)) return null;
  const { id, $schema, ...schema } = JSON.parse(readFileSync(schemaFile, 'utf8'));
  const ajv = new Ajv({ strict: false, allErrors: true, allowUnionTypes: true, formats: { uri: true, 'uri-reference': true } });
  addFormats(ajv, ['date', 'time', 'date-time', 'email', 'regex']);
  ajv.addSchema({ ...schema, $id: 'cards' });
  const compiled = new Map();
  return (type) => {
    if (!schema.definitions[type]) return null;
    if (!compiled.has(type)) compiled.set(type, ajv.compile({ $ref: `cards#/definitions/${type}` }));
    return compiled.get(type);
  };
}

/** What the schema has against a node and everything below it. */
function schemaProblems(validatorOf, node, path, implied) {
  const type = node.type ?? implied;
  const own = {};
  const problems = [];
  for (const [key, value] of Object.entries(node)) {
    if (key === TEAMS[type] || (key === 'style' && value === TEAMS_STYLES[type])) continue;
    if (!CHILDREN.has(key) || value === null || typeof value !== 'object') {
      own[key] = value;
      continue;
    }
    if (Array.isArray(value)) own[key] = [];
    const children = Array.isArray(value) ? value : [value];
    children.forEach((child, i) => problems.push(...schemaProblems(validatorOf, child, `${path}/${key}/${i}`, IMPLIED[key] ?? (key === 'refresh' ? 'Refresh' : undefined))));
  }
  const validate = validatorOf(type);
  if (!validate) return [...problems, `${path}: unknown type ${type}`];
  if (!validate(own)) problems.push(...validate.errors.map(({ instancePath, message, params }) => `${path}${instancePath} (${type}): ${message} ${JSON.stringify(params)}`));
  return problems;
}

/** Draws a card in the browser and tells what is wrong with it. Runs in the page. */
async function drawn({ card, config, width }) {
  const AC = window.AdaptiveCards;
  AC.AdaptiveCard.onProcessMarkdown = (text, result) => {
    result.outputHtml = window.markdownit({ html: false }).render(text);
    result.didProcess = true;
  };
  const drawing = new AC.AdaptiveCard();
  drawing.hostConfig = new AC.HostConfig(config);
  const context = new AC.SerializationContext(AC.Versions.v1_5);
  drawing.parse(card, context);
  const events = [];
  for (let i = 0; i < context.eventCount; i += 1) events.push(context.getEventAt(i));
  events.push(...drawing.validateProperties().validationEvents);
  const problems = events.map(({ event, message }) => `${AC.ValidationEvent[event]}: ${message}`);
  const box = document.getElementById('box');
  box.style.width = `${width}px`;
  const node = drawing.render();
  if (!node) return [...problems, 'the renderer drew nothing'];
  box.replaceChildren(node);
  const edge = box.getBoundingClientRect().right + 1;
  const wide = [...box.querySelectorAll('*')].find((inner) => inner.getBoundingClientRect().right > edge);
  return wide ? [...problems, `wider than ${width} px: “${wide.textContent.slice(0, 60)}”`] : problems;
}

async function stage(browser) {
  const context = await browser.newContext({ viewport: { width: 700, height: 900 } });
  // A card's pictures lie on hosts that do not exist; a small one stands in for each.
  await context.route('**/*', (route) => (route.request().resourceType() === 'image' ? route.fulfill({ contentType: 'image/svg+xml', body: '<svg xmlns="http://www.w3.org/2000/svg" width="96" height="96"/>' }) : route.abort()));
  const tab = await context.newPage();
  await tab.setContent('<!doctype html><html lang="en"><body><div class="card"><div class="card-box" id="box"></div></div></body></html>');
  for (const path of [join(here, 'node_modules/adaptivecards/dist/adaptivecards.css'), join(page, 'style.css')]) await tab.addStyleTag({ path });
  for (const path of ['adaptivecards/dist/adaptivecards.min.js', 'markdown-it/dist/markdown-it.min.js']) await tab.addScriptTag({ path: join(here, 'node_modules', path) });
  return tab;
}

async function rendererProblems(tab, hostConfig, card) {
  const found = new Set();
  for (const theme of ['light', 'dark']) {
    await tab.evaluate((name) => { document.documentElement.dataset.theme = name; }, theme);
    for (const width of Object.values(WIDTHS)) {
      for (const problem of await tab.evaluate(drawn, { card, config: hostConfig(theme), width })) found.add(problem);
    }
  }
  return [...found];
}

async function main() {
  const source = readFileSync(join(page, 'hostconfig.js'), 'utf8');
  const { hostConfig } = await import(`data:text/javascript,${encodeURIComponent(source)}`);
  const validatorOf = schemaChecker();
  if (!validatorOf) console.log('The schema of Adaptive Cards 1.5 is not beside the repository: its part is skipped, the renderer’s is not.');
  const browser = await browse();
  const tab = await stage(browser);
  let bad = 0;
  let count = 0;
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
    for (const card of cardsIn(JSON.parse(readFileSync(join(folder, file), 'utf8')))) {
      count += 1;
      const problems = [...await rendererProblems(tab, hostConfig, card), ...validatorOf ? schemaProblems(validatorOf, card, '') : []];
      if (problems.length) bad += 1;
      for (const problem of problems) console.log(`${file}: ${problem}`);
    }
  }
  await browser.close();
  console.log(`${count} cards, ${bad} with problems`);
  if (bad || !count) process.exitCode = 1;
}

await main();
