// What oidc-provider stores, in Redis as its own example does; the server is on a Unix socket in the folder, and syncs its
// log once a second: a crash may lose what was answered.
import { Redis } from 'ioredis';

export async function open(folder) {
  const redis = new Redis({ path: `${folder}/redis.sock` });
  const consumable = new Set(['AuthorizationCode', 'RefreshToken', 'DeviceCode']);
  const grantable = new Set(['AccessToken', 'AuthorizationCode', 'RefreshToken', 'DeviceCode']);

  return class Stored {
    constructor(model) { this.model = model; }
    key(id) { return `${this.model}:${id}`; }
    async upsert(id, payload, expiresIn) {
      const key = this.key(id);
      const text = JSON.stringify(payload);
      const multi = redis.multi();
      if (consumable.has(this.model)) multi.hset(key, { payload: text });
      else multi.set(key, text);
      if (expiresIn) multi.expire(key, expiresIn);
      if (grantable.has(this.model) && payload.grantId) multi.rpush(`grant:${payload.grantId}`, key);
      await multi.exec();
    }
    async find(id) {
      const key = this.key(id);
      if (!consumable.has(this.model)) { const text = await redis.get(key); return text ? JSON.parse(text) : undefined; }
      const { payload, ...rest } = await redis.hgetall(key);
      return payload ? { ...rest, ...JSON.parse(payload) } : undefined;
    }
    async findByUid() { return undefined; }
    async findByUserCode() { return undefined; }
    async consume(id) { await redis.hset(this.key(id), 'consumed', Math.floor(Date.now() / 1000)); }
    async destroy(id) { await redis.del(this.key(id)); }
    async revokeByGrantId(grantId) {
      const keys = await redis.lrange(`grant:${grantId}`, 0, -1);
      await redis.del(...keys, `grant:${grantId}`);
    }
  };
}
