// Keeps what oidc-provider stores in one table of PostgreSQL: one prepared statement for each thing it asks.

const TABLE = `
  CREATE TABLE IF NOT EXISTS stored (
    model text NOT NULL,
    id text NOT NULL,
    payload jsonb NOT NULL,
    grant_id text,
    uid text,
    user_code text,
    consumed_at bigint,
    expires_at timestamptz,
    PRIMARY KEY (model, id)
  );
  CREATE INDEX IF NOT EXISTS stored_grant_id ON stored (grant_id) WHERE grant_id IS NOT NULL;
  CREATE INDEX IF NOT EXISTS stored_uid ON stored (uid) WHERE uid IS NOT NULL;
  CREATE INDEX IF NOT EXISTS stored_user_code ON stored (user_code) WHERE user_code IS NOT NULL;
`;

const FIND = "SELECT payload, consumed_at FROM stored WHERE expires_at > now() AND";
const UPSERT = `
  INSERT INTO stored (model, id, payload, grant_id, uid, user_code, expires_at)
  VALUES ($1, $2, $3, $4, $5, $6, now() + make_interval(secs => $7))
  ON CONFLICT (model, id) DO UPDATE SET payload = EXCLUDED.payload, grant_id = EXCLUDED.grant_id,
    uid = EXCLUDED.uid, user_code = EXCLUDED.user_code, expires_at = EXCLUDED.expires_at
`;
const CONSUME = "UPDATE stored SET consumed_at = extract(epoch FROM now())::bigint WHERE model = $1 AND id = $2";
// Things without a lifetime of their own, such as registered clients, stay as good as for ever.
const LONGEST_LIFETIME = 10 * 365 * 86400;

export const createTable = (pool) => pool.query(TABLE);

export const adapterOn = (pool) => class PostgresqlAdapter {
  constructor(model) {
    this.model = model;
  }

  async upsert(id, payload, expiresIn) {
    const { grantId, uid, userCode } = payload;
    const lifetime = expiresIn ?? LONGEST_LIFETIME;
    await this.#run("upsert", UPSERT, [id, payload, grantId, uid, userCode, lifetime]);
  }

  find(id) {
    return this.#findOne("find", `${FIND} model = $1 AND id = $2`, id);
  }

  findByUid(uid) {
    return this.#findOne("find-by-uid", `${FIND} model = $1 AND uid = $2`, uid);
  }

  findByUserCode(userCode) {
    return this.#findOne("find-by-user-code", `${FIND} model = $1 AND user_code = $2`, userCode);
  }

  async consume(id) {
    await this.#run("consume", CONSUME, [id]);
  }

  async destroy(id) {
    await this.#run("destroy", "DELETE FROM stored WHERE model = $1 AND id = $2", [id]);
  }

  async revokeByGrantId(grantId) {
    await this.#run("revoke", "DELETE FROM stored WHERE model = $1 AND grant_id = $2", [grantId]);
  }

  async #findOne(name, text, key) {
    const { rows: [row] } = await this.#run(name, text, [key]);
    if (row === undefined) return undefined;
    return row.consumed_at === null ? row.payload : { ...row.payload, consumed: Number(row.consumed_at) };
  }

  #run(name, text, values) {
    return pool.query({ name, text, values: [this.model, ...values] });
  }
};
