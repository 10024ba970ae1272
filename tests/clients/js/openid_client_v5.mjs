// npm openid-client 5, still widely deployed: another code base than 6, with its own checks of the ID token.
import { Issuer, generators } from 'openid-client-v5';
import { CALL_LOG, REDIRECT_URI, ask, baseUrl, report, terms, visit, world } from './flows.mjs';

// This version counts expires_in down from when the reply came, and a second may have begun since.
const lifetime = (tokens) => (tokens.expires_in % 600 === 599 ? tokens.expires_in + 1 : tokens.expires_in);

async function clientFor(app) {
  const issuer = await Issuer.discover(baseUrl);
  const { client_id, client_secret } = world.apps[app];
  return new issuer.Client({
    client_id,
    redirect_uris: [REDIRECT_URI],
    response_types: ['code'],
    ...(client_secret ? { client_secret } : { token_endpoint_auth_method: 'none' }),
  });
}

async function oidc(app) {
  const client = await clientFor(app);
  const code_verifier = generators.codeVerifier();
  const state = generators.state();
  const nonce = generators.nonce();
  const back = await visit(
    client.authorizationUrl({
      scope: 'openid email profile ReadAccounts ReadCallLog',
      state,
      nonce,
      code_challenge: generators.codeChallenge(code_verifier),
      code_challenge_method: 'S256',
    }),
  );
  const granted = await client.callback(REDIRECT_URI, client.callbackParams(back.href), { code_verifier, state, nonce });
  const claims = granted.claims();
  const person = await client.userinfo(granted);
  const refreshed = await client.refresh(granted);
  await client.revoke(refreshed.refresh_token);
  return {
    granted: terms({ ...granted, expires_in: lifetime(granted) }),
    claims: { iss: claims.iss === baseUrl, aud: claims.aud === client.metadata.client_id, sub: claims.sub },
    person: { email: person.email, named: Boolean(person.given_name && person.family_name) },
    refreshed: terms({ ...refreshed, expires_in: lifetime(refreshed) }),
    revoked: await ask(CALL_LOG, refreshed.access_token),
  };
}

await report({
  oidc: () => oidc('web'),
  oidc_public: () => oidc('spa'),
  client_credentials: async () => {
    const client = await clientFor('service');
    const granted = await client.grant({ grant_type: 'client_credentials' });
    const api = await ask(CALL_LOG, granted.access_token);
    await client.revoke(granted.access_token);
    return { granted: terms({ ...granted, expires_in: lifetime(granted) }), api };
  },
});
