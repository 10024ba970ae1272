// npm @ringcentral/sdk on a bad line: a refresh whose reply is lost, repeated 31 minutes later, and ten more after it.
import { SDK } from '@ringcentral/sdk';
import { CALL_LOG, SINCE, advance, ask, baseUrl, page, report, terms, world } from './flows.mjs';
import { lossyProxy } from './lossy_proxy.mjs';

const { client_id: clientId, client_secret: clientSecret } = world.apps.script;
const { jwt } = world.jwt_credentials.helper_script_only;

await report({
  lost_reply: async () => {
    const line = await lossyProxy(baseUrl);
    const sdk = new SDK({
      server: line.url,
      clientId,
      clientSecret,
      refreshDelayMs: 0,
      clearCacheOnRefreshError: false, // its own switch: keep the refresh token when a refresh fails
    });
    const platform = sdk.platform();
    const granted = await (await platform.login({ jwt })).json();

    line.loseNextReply();
    const failure = await platform.refresh().catch((error) => error);
    await advance(31 * 60);
    const repeated = await (await platform.refresh()).json();
    const [lost] = line.lost();
    const calls = await (await platform.get(CALL_LOG, { dateFrom: SINCE })).json();

    // Repeated sooner, it is told what remains, and will ask for no more than that the next time.
    line.loseNextReply();
    await platform.refresh().catch((error) => error);
    await advance(10 * 60);
    const remaining = await (await platform.refresh()).json();

    const lifetimes = new Set();
    const tokens = new Set([remaining.access_token]);
    for (let n = 0; n < 10; n += 1) {
      await advance(60);
      const { access_token, expires_in, refresh_token_expires_in } = await (await platform.refresh()).json();
      tokens.add(access_token);
      lifetimes.add(`${expires_in} ${refresh_token_expires_in}`);
    }

    // What a lifetime says must also be so: good for an hour, and refreshed by the SDK itself when it is over.
    const last = (await platform.auth().data()).access_token;
    await advance(3500);
    const nearTheEnd = await ask(CALL_LOG, last);
    await advance(101);
    const afterTheEnd = await ask(CALL_LOG, last);
    const mended = await platform.get(CALL_LOG);
    const renewed = (await platform.auth().data()).access_token !== last;
    await platform.logout();
    line.close();
    return {
      granted: terms(granted),
      failure: failure instanceof Error,
      repeated: terms(repeated),
      same_pair: lost.access_token === repeated.access_token && lost.refresh_token === repeated.refresh_token,
      new_pair: repeated.access_token !== granted.access_token,
      calls: page(calls),
      remaining_minutes: [remaining.expires_in, remaining.refresh_token_expires_in].map((s) => Math.ceil(s / 60)),
      lifetimes: [...lifetimes],
      refreshes: tokens.size - 1,
      near_the_end: nearTheEnd,
      after_the_end: afterTheEnd,
      mended: { status: mended.status, renewed },
    };
  },
});
