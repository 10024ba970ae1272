// What every client script shares: the world it is started in, the person at the browser, and the report.
//
// A script is started as `node script.mjs BASE_URL DEV_JSON`. It writes JSON lines: `{"visit": …}` asks for a person to
// open an address and is answered, on standard input, with the address the browser ended at; `{"observed": …}` is the
// last one, with a result for each flow. A flow that threw is reported as `{"failed": …}`, and the next one runs.
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

export const baseUrl = process.argv[2];
export const world = JSON.parse(readFileSync(process.argv[3], 'utf8'));
export const CALL_LOG = '/restapi/v1.0/account/~/call-log';
/** Long enough ago for more than one page of calls. */
export const SINCE = new Date(Date.now() - 60 * 24 * 3600 * 1000).toISOString();
/** Where the apps of the development world live. */
export const APP = 'http://localhost:5000';
export const REDIRECT_URI = `${APP}/oauth2callback`;

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** A person opens `url`, signs in, agrees; gives the whole redirect URI their browser was sent to. */
export async function visit(url, { as = 'helper' } = {}) {
  process.stdout.write(`${JSON.stringify({ visit: String(url), as })}\n`);
  const { value } = await answers.next();
  return new URL(value);
}

/** Run each flow in turn and say what was seen. */
export async function report(flows) {
  const observed = {};
  for (const [name, flow] of Object.entries(flows)) {
    try {
      observed[name] = await flow();
    } catch (error) {
      observed[name] = { failed: describe(error) };
    }
  }
  process.stdout.write(`${JSON.stringify({ observed })}\n`);
  process.exit(0);
}

/** The parts of a token reply that are the same on every run. */
export function terms({ token_type, expires_in, refresh_token_expires_in, scope, owner_id }) {
  return { token_type, expires_in, refresh_token_expires_in, scope: scope.split(' ').sort(), owner_id };
}

/** What the API says to `token` where no SDK is in the way: the status, and the code of a refusal. */
export async function ask(path, token) {
  const reply = await fetch(`${baseUrl}${path}`, { headers: { Authorization: `Bearer ${token}` } });
  const body = await reply.json();
  return reply.ok ? { status: reply.status } : { status: reply.status, code: body.errors[0].errorCode };
}

/** The parts of a page of the call log that are the same on every run. */
export function page({ records, paging, navigation, uri }) {
  const addresses = [uri, navigation.nextPage.uri, ...records.map((record) => record.uri)];
  return {
    records: records.length,
    page: paging.page,
    extensions: new Set(records.map((record) => record.extension?.id).filter(Boolean)).size > 1 ? 'several' : 'one',
    foreignAddresses: addresses.filter((address) => !address.startsWith(`${baseUrl}/`)),
  };
}

/** Move the server's clock. */
export async function advance(seconds) {
  const reply = await fetch(`${baseUrl}/_dev/clock`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ advance_s: seconds }),
  });
  if (!reply.ok) throw new Error(`the development clock answered ${reply.status}`);
}

export function pkcePair() {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

function describe(error) {
  const seen = [];
  for (let cause = error; cause && seen.length < 4; cause = cause.cause) {
    seen.push(`${cause.name ?? 'Error'}: ${cause.message ?? cause}${cause.error ? ` (${cause.error}: ${cause.error_description})` : ''}`);
  }
  return `${seen.join(' <- ')}\n${error.stack ?? ''}`;
}
