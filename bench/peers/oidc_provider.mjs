// node-oidc-provider: client_credentials, refresh, introspection, revocation, as its manual configures them.
//   node oidc_provider.mjs PORT FOLDER REFRESH_TOKENS memory|sqlite|redis  -> one JSON line on stdout when it answers
import { Provider } from 'oidc-provider';

const [port, folder, count, store] = process.argv.slice(2);
const clients = Array.from({ length: 50 }, (_, index) => ({
  client_id: `client${index}`,
  client_secret: `secret-of-client-${index}-0123456789abcdef`,
  grant_types: ['client_credentials', 'refresh_token', 'authorization_code'],
  redirect_uris: ['http://localhost:5000/oauth2callback'],
  response_types: ['code'],
  scope: 'openid offline_access',
}));
const adapter = await (await import(`./oidc_${store}.mjs`)).open(folder);

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients,
  adapter,
  features: {
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
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
provider.listen(Number(port), '127.0.0.1', () => {
  console.log(JSON.stringify({
    clients: clients.map((client) => [client.client_id, client.client_secret]),
    refreshTokens,
    introspect: [first.client_id, first.client_secret, accessToken],
  }));
});
