// npm oidc-provider as a company's OpenID Connect provider, with its own pages for signing in and agreeing.
//   node openid_provider.mjs PORT  -> "ready" on stdout; then a line of JSON on stdin adds clients and people,
//   {"clients": [...], "people": {"login": {claims}}}, and is answered by "done".
import { generateKeyPairSync } from 'node:crypto';
import { createInterface } from 'node:readline';
import { Provider } from 'oidc-provider';

console.info = console.error; // its notices would be taken for our answers
const port = Number(process.argv[2]);
const people = new Map();
const stored = new Map();

class Memory {
  constructor(model) { this.model = model; }
  key(id) { return `${this.model}:${id}`; }
  async upsert(id, payload) { stored.set(this.key(id), payload); }
  async find(id) { return stored.get(this.key(id)); }
  async findByUid(uid) { return [...stored.values()].find((each) => each.uid === uid); }
  async findByUserCode() { return undefined; }
  async consume(id) { stored.get(this.key(id)).consumed = Math.floor(Date.now() / 1000); }
  async destroy(id) { stored.delete(this.key(id)); }
  async revokeByGrantId(grantId) {
    for (const [key, each] of stored) if (each.grantId === grantId) stored.delete(key);
  }
}

const signing = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
const provider = new Provider(`http://localhost:${port}`, {
  adapter: Memory,
  claims: { openid: ['sub'], email: ['email', 'email_verified'] },
  cookies: { keys: ['of this run'] },
  features: { devInteractions: { enabled: true } },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...people.get(id) }) }),
  jwks: { keys: [{ ...signing, kid: 'first', use: 'sig', alg: 'RS256' }] },
  pkce: { required: () => true },
});
// Its pages would fetch a font from elsewhere; nothing else of them is touched.
provider.use(async (ctx, next) => {
  await next();
  if (typeof ctx.body === 'string') ctx.body = ctx.body.replace(/@import url[^;]*;/, '');
});
provider.listen(port, '127.0.0.1', () => console.log('ready'));

for await (const line of createInterface({ input: process.stdin })) {
  const told = JSON.parse(line);
  for (const client of told.clients ?? []) {
    const key = `Client:${client.client_id}`; // of several servers in a module, the places of all
    const places = [...(stored.get(key)?.redirect_uris ?? []), ...client.redirect_uris];
    stored.set(key, { ...client, redirect_uris: [...new Set(places)] });
  }
  for (const [login, claims] of Object.entries(told.people ?? {})) people.set(login, claims);
  console.log('done');
}
process.exit(0);
