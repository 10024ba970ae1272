// node-oidc-provider in memory: client_credentials, refresh, introspection, as its manual configures them.
//   node oidc_provider.mjs PORT REFRESH_TOKENS  -> one JSON line on stdout when it answers
import { Provider } from 'oidc-provider';

const [port, count] = process.argv.slice(2).map(Number);
const clients = Array.from({ length: 50 }, (_, index) => ({
  client_id: `client${index}`,
  client_secret: `secret-of-client-${index}-0123456789abcdef`,
  grant_types: ['client_credentials', 'refresh_token', 'authorization_code'],
  redirect_uris: ['http://localhost:5000/oauth2callback'],
  response_types: ['code'],
  scope: 'openid offline_access',
}));
// Its own in-memory adapter forgets all but a thousand entries, and with them the grants of the refresh chains.
const stored = new Map();
class Memory {
  constructor(model) { this.model = model; }
  key(id) { return `${this.model}:${id}`; }
  async upsert(id, payload) { stored.set(this.key(id), payload); }
  async find(id) { return stored.get(this.key(id)); }
  async findByUid() { return undefined; }
  async findByUserCode() { return undefined; }
  async consume(id) { stored.get(this.key(id)).consumed = Math.floor(Date.now() / 1000); }
  async destroy(id) { stored.delete(this.key(id)); }
  async revokeByGrantId() {}
}

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients,
  adapter: Memory,
  features: {
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    devInteractions: { enabled: false },
  },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  rotateRefreshToken: true,
  issueRefreshToken: () => true,
});
const refreshTokens = [];
for (let index = 0; index < count; index += 1) {
  const client = await provider.Client.find(clients[0].client_id); // one app's chains, as in Callgate's measure
  const grant = new provider.Grant({ clientId: client.clientId, accountId: `person${index}` });
  grant.addOIDCScope('offline_access');
  const grantId = await grant.save();
  const token = new provider.RefreshToken({
    accountId: `person${index}`,
    client,
    grantId,
    scope: 'offline_access', // without openid: no ID token to sign, as in Callgate's measure
    gty: 'authorization_code',
    authTime: Math.floor(Date.now() / 1000),
    iiat: Math.floor(Date.now() / 1000),
  });
  refreshTokens.push([client.clientId, client.clientSecret, await token.save()]);
}
const [first] = clients;
const access = new provider.ClientCredentials({ client: await provider.Client.find(first.client_id), scope: undefined });
const accessToken = await access.save();
provider.listen(port, '127.0.0.1', () => {
  console.log(JSON.stringify({
    clients: clients.map((client) => [client.client_id, client.client_secret]),
    refreshTokens,
    introspect: [first.client_id, first.client_secret, accessToken],
  }));
});
