// npm @rc-ex/core: the vendor's extensible SDK. It sends Basic and client_id together, and knows no password grant.
import RingCentral from '@rc-ex/core';
import { CALL_LOG, REDIRECT_URI, SINCE, ask, baseUrl, page, pkcePair, report, terms, visit, world } from './flows.mjs';

const { jwt } = world.jwt_credentials.helper_script_only;

function clientFor(app) {
  const { client_id: clientId, client_secret: clientSecret } = world.apps[app];
  return new RingCentral({ server: baseUrl, clientId, clientSecret: clientSecret ?? undefined });
}

async function live(client, granted) {
  const calls = await client.restapi().account().callLog().list({ dateFrom: SINCE });
  const refreshed = await client.refresh();
  const old = await ask(CALL_LOG, granted.access_token);
  const extension = await client.restapi().account().extension().get();
  await client.revoke();
  return {
    granted: terms(granted),
    calls: page(calls),
    refreshed: terms(refreshed),
    old_access_token: old,
    own_extension: String(extension.id) === granted.owner_id,
    revoked: await ask(CALL_LOG, refreshed.access_token),
  };
}

async function byCode(client, app) {
  const { verifier, challenge } = pkcePair();
  const url = new URL('/restapi/oauth/authorize', baseUrl);
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: world.apps[app].client_id,
    redirect_uri: REDIRECT_URI,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    scope: 'openid email profile ReadAccounts ReadCallLog',
  });
  const code = (await visit(url)).searchParams.get('code');
  return client.authorize({ code, redirect_uri: REDIRECT_URI, code_verifier: verifier });
}

await report({
  jwt: async () => {
    const client = clientFor('script');
    return live(client, await client.login({ jwt }));
  },
  code: async () => {
    const client = clientFor('web');
    return live(client, await byCode(client, 'web'));
  },
  code_public: async () => {
    const client = clientFor('spa');
    return live(client, await byCode(client, 'spa'));
  },
  identity: async () => {
    const client = clientFor('web');
    const token = await byCode(client, 'web');
    const claims = await client.restapi(null).oauth().userinfo().get();
    const metadata = await client.wellKnown().openidConfiguration().get();
    const keys = await client.restapi(null).oauth().jwks().get();
    await client.revoke();
    return {
      sub: claims.sub === token.owner_id,
      email: claims.email,
      issuer: metadata.issuer === baseUrl,
      keys: keys.keys.map(({ kty, alg, use }) => `${kty} ${alg} ${use}`),
    };
  },
  refused: async () => {
    const client = clientFor('norefresh');
    const error = await client.login({ jwt }).catch((refusal) => refusal);
    return { status: error.response.status, error: error.response.data.error, code: error.response.data.errors[0].errorCode };
  },
});
