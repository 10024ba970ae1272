// npm simple-oauth2: strict about content types, the revocation reply's included.
import { AuthorizationCode, ClientCredentials } from 'simple-oauth2';
import { CALL_LOG, REDIRECT_URI, ask, baseUrl, report, terms, visit, world } from './flows.mjs';

const PATHS = { tokenHost: baseUrl, tokenPath: '/restapi/oauth/token', revokePath: '/restapi/oauth/revoke' };

function configOf(app, paths) {
  const { client_id: id, client_secret: secret } = world.apps[app];
  return { client: { id, secret }, auth: { ...PATHS, ...paths } };
}

async function code() {
  const flow = new AuthorizationCode(configOf('web', { authorizePath: '/restapi/oauth/authorize' }));
  const url = flow.authorizeURL({ redirect_uri: REDIRECT_URI, scope: ['ReadAccounts', 'ReadCallLog'], state: 's' });
  const back = await visit(url);
  const granted = await flow.getToken({ code: back.searchParams.get('code'), redirect_uri: REDIRECT_URI });
  const refreshed = await granted.refresh();
  const api = await ask(CALL_LOG, refreshed.token.access_token);
  await refreshed.revokeAll();
  return {
    granted: terms(granted.token),
    refreshed: terms(refreshed.token),
    api,
    revoked: await ask(CALL_LOG, refreshed.token.access_token),
  };
}

await report({
  code,
  client_credentials: async () => {
    const flow = new ClientCredentials(configOf('service'));
    const granted = await flow.getToken({ scope: 'ReadCallLog' });
    return { granted: terms(granted.token), api: await ask(CALL_LOG, granted.token.access_token) };
  },
});
