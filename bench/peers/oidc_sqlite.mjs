// What oidc-provider stores, in SQLite with the durability of Callgate's: each write is synced before it is answered.
import { DatabaseSync } from 'node:sqlite';

export async function open(folder) {
  const db = new DatabaseSync(`${folder}/oidc-provider.db`);
  db.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536');
  db.exec(`CREATE TABLE IF NOT EXISTS entry (model TEXT, id TEXT, payload TEXT, grant_id TEXT, expires INTEGER,
    PRIMARY KEY (model, id)) WITHOUT ROWID; CREATE INDEX IF NOT EXISTS by_grant ON entry (grant_id) WHERE grant_id IS NOT NULL`);
  const put = db.prepare(`INSERT INTO entry VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET payload = excluded.payload, grant_id = excluded.grant_id, expires = excluded.expires`);
  const get = db.prepare('SELECT payload FROM entry WHERE model = ? AND id = ? AND (expires IS NULL OR expires > ?)');
  const use = db.prepare("UPDATE entry SET payload = json_set(payload, '$.consumed', ?) WHERE model = ? AND id = ?");
  const drop = db.prepare('DELETE FROM entry WHERE model = ? AND id = ?');
  const dropGrant = db.prepare('DELETE FROM entry WHERE model = ? AND grant_id = ?');
  const now = () => Math.floor(Date.now() / 1000);

  return class Sqlite {
    constructor(model) { this.model = model; }
    async upsert(id, payload, expiresIn) {
      put.run(this.model, id, JSON.stringify(payload), payload.grantId ?? null, expiresIn ? now() + expiresIn : null);
    }
    async find(id) { const row = get.get(this.model, id, now()); return row && JSON.parse(row.payload); }
    async findByUid() { return undefined; }
    async findByUserCode() { return undefined; }
    async consume(id) { use.run(now(), this.model, id); }
    async destroy(id) { drop.run(this.model, id); }
    async revokeByGrantId(grantId) { dropGrant.run(this.model, grantId); }
  };
}
