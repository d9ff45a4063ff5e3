BEGIN TRANSACTION;
CREATE TABLE account (
	name VARCHAR NOT NULL, 
	supplier VARCHAR NOT NULL, 
	next_due BIGINT, 
	paused BOOLEAN DEFAULT 0 NOT NULL, 
	paused_by VARCHAR, 
	paused_at BIGINT, 
	pause_reason TEXT, 
	last_success BIGINT, 
	failures INTEGER DEFAULT 0 NOT NULL, 
	last_failure BIGINT, 
	last_error_code VARCHAR, 
	last_error TEXT, 
	CONSTRAINT pk_account PRIMARY KEY (name)
);
INSERT INTO "account" VALUES('shop','umbreit',NULL,0,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0007');
CREATE TABLE answer (
	interchange_id INTEGER NOT NULL, 
	line INTEGER NOT NULL, 
	account VARCHAR NOT NULL, 
	reference VARCHAR NOT NULL, 
	article VARCHAR NOT NULL, 
	article_key VARCHAR NOT NULL, 
	mark VARCHAR, 
	says VARCHAR NOT NULL, 
	quantity INTEGER NOT NULL, 
	note VARCHAR, 
	position INTEGER, 
	day DATE, 
	code INTEGER, 
	back_ordered BOOLEAN, 
	expected DATE, sender VARCHAR DEFAULT '' NOT NULL, receiver VARCHAR DEFAULT '' NOT NULL, 
	CONSTRAINT pk_answer PRIMARY KEY (interchange_id, line), 
	CONSTRAINT fk_answer_interchange_id FOREIGN KEY(interchange_id) REFERENCES interchange (id)
)
 WITHOUT ROWID

;
CREATE TABLE audit (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at BIGINT NOT NULL, 
	who VARCHAR NOT NULL, 
	verb VARCHAR NOT NULL, 
	account VARCHAR NOT NULL, 
	interchange_id INTEGER, 
	what TEXT NOT NULL, 
	why TEXT NOT NULL, 
	CONSTRAINT fk_audit_interchange_id FOREIGN KEY(interchange_id) REFERENCES interchange (id)
);
CREATE TABLE base (
	sink VARCHAR NOT NULL, 
	account VARCHAR NOT NULL, 
	channel VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	interchange_id INTEGER NOT NULL, 
	stamp VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	trying BIGINT, 
	CONSTRAINT pk_base PRIMARY KEY (sink, account, channel, kind), 
	CONSTRAINT fk_base_interchange_id FOREIGN KEY(interchange_id) REFERENCES interchange (id)
);
CREATE TABLE delivery (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	interchange_id INTEGER NOT NULL, 
	sink VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	attempts INTEGER DEFAULT 0 NOT NULL, 
	next_attempt BIGINT, 
	last_attempt BIGINT, 
	last_error TEXT, 
	delivered_at BIGINT, 
	CONSTRAINT fk_delivery_interchange_id FOREIGN KEY(interchange_id) REFERENCES interchange (id), 
	CONSTRAINT uq_delivery_sink UNIQUE (sink, "key")
);
CREATE TABLE event (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	interchange_id INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	"before" VARCHAR, 
	"after" VARCHAR NOT NULL, 
	note TEXT, 
	CONSTRAINT fk_event_interchange_id FOREIGN KEY(interchange_id) REFERENCES interchange (id)
);
INSERT INTO "event" VALUES(1,1,1795348800000000,NULL,'queued','kept from an older schema');
CREATE TABLE gate (
	account VARCHAR NOT NULL, 
	fence BIGINT DEFAULT 0 NOT NULL, 
	holder VARCHAR, 
	login_at BIGINT, 
	login_boot_id VARCHAR, 
	login_boot_time DOUBLE, 
	settled BOOLEAN DEFAULT 0 NOT NULL, 
	lease_at BIGINT, 
	lease_boot_id VARCHAR, 
	lease_boot_time DOUBLE, 
	lease_microseconds BIGINT DEFAULT 0 NOT NULL, 
	CONSTRAINT pk_gate PRIMARY KEY (account)
);
CREATE TABLE goods (
	account VARCHAR NOT NULL, 
	supplier VARCHAR NOT NULL, 
	receiver VARCHAR NOT NULL, 
	note VARCHAR NOT NULL, 
	position INTEGER NOT NULL, 
	interchange_id INTEGER NOT NULL, 
	CONSTRAINT pk_goods PRIMARY KEY (account, supplier, receiver, note, position), 
	CONSTRAINT fk_goods_interchange_id FOREIGN KEY(interchange_id) REFERENCES interchange (id)
)
 WITHOUT ROWID

;
CREATE TABLE host (
	name VARCHAR NOT NULL, 
	seen_at BIGINT NOT NULL, 
	CONSTRAINT pk_host PRIMARY KEY (name)
);
CREATE TABLE interchange (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	account VARCHAR NOT NULL, 
	channel VARCHAR NOT NULL, 
	direction VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	size BIGINT, 
	modified BIGINT, 
	sha256 VARCHAR, 
	spool VARCHAR, 
	proven BOOLEAN DEFAULT 0 NOT NULL, 
	hold VARCHAR, 
	reason TEXT, 
	temp_name VARCHAR, 
	attempt INTEGER DEFAULT 0 NOT NULL, 
	intent_at BIGINT, 
	kind VARCHAR, 
	source TEXT, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL
, for_sinks BOOLEAN DEFAULT 1 NOT NULL, host VARCHAR DEFAULT '' NOT NULL);
INSERT INTO "interchange" VALUES(1,'shop','orders','out','S_123456_20261122120000','queued',12,NULL,'4953bd49a883acfc06ab5cb2c1994489b4e663a2ab112509952f3924fae1bd62','spool/out/1.raw',0,NULL,NULL,NULL,0,NULL,NULL,'/outbox/S_123456_20261122120000',1795348800000000,1795348800000000,1,'');
CREATE TABLE login (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	account VARCHAR NOT NULL, 
	fence BIGINT NOT NULL, 
	holder VARCHAR NOT NULL, 
	at BIGINT NOT NULL, 
	ended_at BIGINT, 
	outcome VARCHAR, 
	detail TEXT, 
	tls VARCHAR, 
	CONSTRAINT uq_login_account UNIQUE (account, fence)
);
CREATE TABLE order_line (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	interchange_id INTEGER NOT NULL, 
	line INTEGER NOT NULL, 
	account VARCHAR NOT NULL, 
	customer VARCHAR NOT NULL, 
	reference VARCHAR NOT NULL, 
	article VARCHAR NOT NULL, 
	article_key VARCHAR NOT NULL, 
	qualifier VARCHAR NOT NULL, 
	mark VARCHAR, 
	quantity INTEGER NOT NULL, 
	state VARCHAR NOT NULL, 
	open BOOLEAN DEFAULT 1 NOT NULL, 
	delivered INTEGER DEFAULT 0 NOT NULL, 
	announced INTEGER DEFAULT 0 NOT NULL, 
	code INTEGER, 
	back_ordered BOOLEAN, 
	expected DATE, 
	changes INTEGER DEFAULT 0 NOT NULL, 
	changed_at BIGINT NOT NULL, 
	changed_by INTEGER NOT NULL, 
	told INTEGER DEFAULT 0 NOT NULL, 
	told_state VARCHAR NOT NULL, 
	CONSTRAINT fk_order_line_interchange_id FOREIGN KEY(interchange_id) REFERENCES interchange (id), 
	CONSTRAINT fk_order_line_changed_by FOREIGN KEY(changed_by) REFERENCES interchange (id), 
	CONSTRAINT uq_order_line_interchange_id UNIQUE (interchange_id, line)
);
CREATE TABLE problem (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	account VARCHAR NOT NULL, 
	code VARCHAR NOT NULL, 
	message TEXT NOT NULL, 
	remedy TEXT NOT NULL, 
	opened_at BIGINT NOT NULL, 
	last_seen_at BIGINT NOT NULL, 
	count INTEGER NOT NULL, 
	closed_at BIGINT
, host VARCHAR DEFAULT '' NOT NULL);
CREATE TABLE reference (
	reference VARCHAR NOT NULL, 
	interchange_id INTEGER NOT NULL, 
	CONSTRAINT pk_reference PRIMARY KEY (reference, interchange_id), 
	CONSTRAINT fk_reference_interchange_id FOREIGN KEY(interchange_id) REFERENCES interchange (id)
)
 WITHOUT ROWID

;
INSERT INTO "reference" VALUES('4711',1);
CREATE TABLE snapshot (
	account VARCHAR NOT NULL, 
	channel VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	stamp VARCHAR NOT NULL, 
	interchange_id INTEGER NOT NULL, 
	CONSTRAINT pk_snapshot PRIMARY KEY (account, channel, kind), 
	CONSTRAINT fk_snapshot_interchange_id FOREIGN KEY(interchange_id) REFERENCES interchange (id)
);
CREATE TABLE verdict (
	interchange_id INTEGER NOT NULL, 
	document TEXT NOT NULL, 
	suppressed TEXT NOT NULL, 
	CONSTRAINT pk_verdict PRIMARY KEY (interchange_id), 
	CONSTRAINT fk_verdict_interchange_id FOREIGN KEY(interchange_id) REFERENCES interchange (id)
);
CREATE INDEX ix_interchange_key ON interchange (name, account, channel, direction, size, modified, id);
CREATE INDEX ix_interchange_state ON interchange (state, account, id);
CREATE INDEX ix_interchange_sha256 ON interchange (sha256);
CREATE INDEX ix_interchange_source ON interchange (account) WHERE source IS NOT NULL;
CREATE INDEX ix_event_interchange_id ON event (interchange_id);
CREATE INDEX ix_reference_interchange_id ON reference (interchange_id);
CREATE INDEX ix_delivery_interchange_id ON delivery (interchange_id);
CREATE INDEX ix_delivery_open ON delivery (next_attempt) WHERE delivered_at IS NULL;
CREATE INDEX ix_audit_interchange_id ON audit (interchange_id);
CREATE UNIQUE INDEX ix_problem_open ON problem (account, code, host) WHERE closed_at IS NULL;
CREATE INDEX ix_order_line_key ON order_line (account, reference, article_key);
CREATE INDEX ix_order_line_open ON order_line (account, state) WHERE open;
CREATE INDEX ix_order_line_untold ON order_line (account, id) WHERE told != changes;
CREATE INDEX ix_answer_key ON answer (account, reference, article_key);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('interchange',1);
INSERT INTO "sqlite_sequence" VALUES('event',1);
COMMIT;
