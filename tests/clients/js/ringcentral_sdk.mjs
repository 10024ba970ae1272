// npm @ringcentral/sdk: every way to log in that it has, then API calls, refresh, logout; and service discovery.
import { SDK } from '@ringcentral/sdk';
import { CALL_LOG, REDIRECT_URI, SINCE, ask, baseUrl, page, report, terms, visit, world } from './flows.mjs';

const { helper } = world.people;
const { jwt } = world.jwt_credentials.helper_script_only;
const companyNumber = world.accounts.main.main_number;

console.warn = () => {}; // the SDK advises against passwords on every login

function sdkFor(app, { secret = true, ...options } = {}) {
  const { client_id: clientId, client_secret: clientSecret } = world.apps[app];
  const sdk = new SDK({
    server: baseUrl,
    clientId,
    clientSecret: secret ? clientSecret : undefined,
    redirectUri: REDIRECT_URI,
    cachePrefix: `${app}-${Math.random()}`, // its storage is one for the process
    refreshDelayMs: 0,
    ...options,
  });
  return sdk.platform();
}

/** Whatever way it logged in: use the token, refresh it, log out; say what became of the tokens. */
async function live(platform, login) {
  const granted = await login.json();
  const calls = await (await platform.get(CALL_LOG, { dateFrom: SINCE })).json();
  const before = await platform.auth().data();
  const refreshed = await (await platform.refresh()).json();
  const old = await ask(CALL_LOG, before.access_token);
  const again = await platform.get('/restapi/v1.0/account/~/extension/~');
  const logout = await platform.logout();
  return {
    granted: terms(granted),
    calls: page(calls),
    refreshed: terms(refreshed),
    renewed: refreshed.access_token !== granted.access_token && refreshed.refresh_token !== granted.refresh_token,
    same_session: refreshed.session_id === granted.session_id,
    old_access_token: old,
    own_extension: String((await again.json()).id) === refreshed.owner_id,
    logout: { status: logout.status, body: await logout.text() },
    after_logout: await ask(CALL_LOG, refreshed.access_token),
    logged_in: await platform.loggedIn(),
  };
}

async function byCode(platform, options = {}) {
  const back = await visit(platform.loginUrl({ state: 'a state', ...options }));
  const { code, state, expires_in, iss } = platform.parseLoginRedirect(back.search);
  const lived = await live(platform, await platform.login({ code }));
  return { redirect: { state, expires_in, iss: iss === baseUrl }, ...lived };
}

await report({
  jwt: async () => {
    const platform = sdkFor('script');
    return live(platform, await platform.login({ jwt }));
  },
  password: async () => {
    const platform = sdkFor('script');
    const { extension_number: extension, password } = helper;
    return live(platform, await platform.login({ username: companyNumber, extension, password }));
  },
  wrong_password: async () => {
    const platform = sdkFor('script');
    const refused = await platform.login({ username: helper.email, password: 'no' }).catch((error) => error);
    return { message: refused.message, status: refused.response.status };
  },
  code: () => byCode(sdkFor('web')),
  code_pkce: () => byCode(sdkFor('web'), { usePKCE: true }),
  code_pkce_public: () => byCode(sdkFor('spa', { secret: false }), { usePKCE: true }),
  cancelled: async () => {
    const platform = sdkFor('web');
    const back = await visit(platform.loginUrl({ state: 's', prompt: 'consent' }), { as: 'helper, cancelling' });
    try {
      return platform.parseLoginRedirect(back.search);
    } catch (error) {
      return { error: error.error, message: error.message };
    }
  },
  ttl: async () => {
    const platform = sdkFor('script');
    const login = await platform.login({ jwt, access_token_ttl: 600, refresh_token_ttl: 1000, endpoint_id: 'ep1' });
    const { expires_in, refresh_token_expires_in, endpoint_id } = await login.json();
    await platform.logout();
    return { expires_in, refresh_token_expires_in, endpoint_id };
  },
  discovery: async () => {
    const platform = sdkFor('web', { enableDiscovery: true, brandId: '1210' });
    const back = await visit(await platform.loginUrlWithDiscovery({ usePKCE: true, state: 's' }));
    const redirect = platform.parseLoginRedirect(back.search);
    await platform.login(redirect);
    const external = await platform.discovery().externalData();
    const calls = await (await platform.get(CALL_LOG, { dateFrom: SINCE })).json();
    const refreshed = await (await platform.refresh()).json();
    const logout = await platform.logout();
    const ours = (address) => address.startsWith(`${baseUrl}/`) || address === baseUrl;
    return {
      redirect: { token_uri: ours(redirect.token_uri), discovery_uri: ours(redirect.discovery_uri) },
      external: {
        tokenUri: ours(external.authApi.tokenUri),
        baseUri: ours(external.authApi.baseUri),
        coreApi: ours(external.coreApi.baseUri),
        rcv: ours(external.rcv.baseApiUri),
        expiresIn: external.expiresIn,
      },
      calls: page(calls),
      refreshed: terms(refreshed),
      logout: logout.status,
    };
  },
});
