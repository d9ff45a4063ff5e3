CREATE TABLE public.account (
    name character varying NOT NULL,
    supplier character varying NOT NULL,
    next_due bigint,
    paused boolean DEFAULT false NOT NULL,
    paused_by character varying,
    paused_at bigint,
    pause_reason text,
    last_success bigint,
    failures integer DEFAULT 0 NOT NULL,
    last_failure bigint,
    last_error_code character varying,
    last_error text
);
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.audit (
    id bigint NOT NULL,
    at bigint NOT NULL,
    who character varying NOT NULL,
    verb character varying NOT NULL,
    account character varying NOT NULL,
    interchange_id bigint,
    what text NOT NULL,
    why text NOT NULL
);
CREATE SEQUENCE public.audit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.audit_id_seq OWNED BY public.audit.id;
CREATE TABLE public.delivery (
    id bigint NOT NULL,
    interchange_id bigint NOT NULL,
    sink character varying NOT NULL,
    key character varying NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    next_attempt bigint,
    last_attempt bigint,
    last_error text,
    delivered_at bigint
);
CREATE SEQUENCE public.delivery_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.delivery_id_seq OWNED BY public.delivery.id;
CREATE TABLE public.event (
    id bigint NOT NULL,
    interchange_id bigint NOT NULL,
    at bigint NOT NULL,
    before character varying,
    after character varying NOT NULL,
    note text
);
CREATE SEQUENCE public.event_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.event_id_seq OWNED BY public.event.id;
CREATE TABLE public.gate (
    account character varying NOT NULL,
    fence bigint DEFAULT 0 NOT NULL,
    holder character varying,
    login_at bigint,
    login_boot_id character varying,
    login_boot_time double precision,
    settled boolean DEFAULT false NOT NULL,
    lease_at bigint,
    lease_boot_id character varying,
    lease_boot_time double precision,
    lease_microseconds bigint DEFAULT 0 NOT NULL,
    blocked_until bigint
);
CREATE TABLE public.goods (
    account character varying NOT NULL,
    supplier character varying NOT NULL,
    receiver character varying NOT NULL,
    note character varying NOT NULL,
    "position" integer NOT NULL,
    interchange_id bigint NOT NULL
);
CREATE TABLE public.interchange (
    id bigint NOT NULL,
    account character varying NOT NULL,
    channel character varying NOT NULL,
    direction character varying NOT NULL,
    name character varying NOT NULL,
    state character varying NOT NULL,
    size bigint,
    modified bigint,
    sha256 character varying,
    spool character varying,
    proven boolean DEFAULT false NOT NULL,
    hold character varying,
    reason text,
    temp_name character varying,
    attempt integer DEFAULT 0 NOT NULL,
    intent_at bigint,
    kind character varying,
    source text,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    for_sinks boolean DEFAULT true NOT NULL
);
CREATE SEQUENCE public.interchange_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.interchange_id_seq OWNED BY public.interchange.id;
CREATE TABLE public.login (
    id bigint NOT NULL,
    account character varying NOT NULL,
    fence bigint NOT NULL,
    holder character varying NOT NULL,
    at bigint NOT NULL,
    ended_at bigint,
    outcome character varying,
    detail text,
    tls character varying
);
CREATE SEQUENCE public.login_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.login_id_seq OWNED BY public.login.id;
CREATE TABLE public.problem (
    id bigint NOT NULL,
    account character varying NOT NULL,
    code character varying NOT NULL,
    message text NOT NULL,
    remedy text NOT NULL,
    opened_at bigint NOT NULL,
    last_seen_at bigint NOT NULL,
    count integer NOT NULL,
    closed_at bigint
);
CREATE SEQUENCE public.problem_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.problem_id_seq OWNED BY public.problem.id;
CREATE TABLE public.reference (
    reference character varying NOT NULL,
    interchange_id bigint NOT NULL
);
CREATE TABLE public.snapshot (
    account character varying NOT NULL,
    channel character varying NOT NULL,
    kind character varying NOT NULL,
    stamp character varying NOT NULL,
    interchange_id bigint NOT NULL
);
CREATE TABLE public.stamp (
    customer character varying NOT NULL,
    stamp character varying NOT NULL
);
CREATE TABLE public.verdict (
    interchange_id bigint NOT NULL,
    document text NOT NULL,
    suppressed text NOT NULL
);
ALTER TABLE ONLY public.audit ALTER COLUMN id SET DEFAULT nextval('public.audit_id_seq'::regclass);
ALTER TABLE ONLY public.delivery ALTER COLUMN id SET DEFAULT nextval('public.delivery_id_seq'::regclass);
ALTER TABLE ONLY public.event ALTER COLUMN id SET DEFAULT nextval('public.event_id_seq'::regclass);
ALTER TABLE ONLY public.interchange ALTER COLUMN id SET DEFAULT nextval('public.interchange_id_seq'::regclass);
ALTER TABLE ONLY public.login ALTER COLUMN id SET DEFAULT nextval('public.login_id_seq'::regclass);
ALTER TABLE ONLY public.problem ALTER COLUMN id SET DEFAULT nextval('public.problem_id_seq'::regclass);
INSERT INTO public.account VALUES ('cb', 'cb', NULL, true, 'ann', 1795348800000000, 'stock-taking', NULL, 0, NULL, NULL, NULL);
INSERT INTO public.account VALUES ('shop', 'umbreit', NULL, false, NULL, NULL, NULL, 1795348800000000, 0, NULL, NULL, NULL);
INSERT INTO public.alembic_version VALUES ('0002');
INSERT INTO public.audit VALUES (1, 1795348800000000, 'ann', 'pause', 'cb', NULL, 'visits end', 'stock-taking');
INSERT INTO public.delivery VALUES (1, 7, 'files', 'k1', 0, 1795348800000000, NULL, NULL, 1795348800000000);
INSERT INTO public.delivery VALUES (2, 7, 'db', 'k1', 1, 1795348860000000, 1795348800000000, 'away', NULL);
INSERT INTO public.delivery VALUES (3, 8, 'db', 'k2', 0, NULL, NULL, 'poison', NULL);
INSERT INTO public.event VALUES (1, 1, 1795348800000000, NULL, 'queued', NULL);
INSERT INTO public.event VALUES (2, 2, 1795348800000000, NULL, 'queued', NULL);
INSERT INTO public.event VALUES (3, 2, 1795348800000000, 'queued', 'storing', NULL);
INSERT INTO public.event VALUES (4, 2, 1795348800000000, 'storing', 'stored', NULL);
INSERT INTO public.event VALUES (5, 3, 1795348800000000, NULL, 'queued', NULL);
INSERT INTO public.event VALUES (6, 3, 1795348800000000, 'queued', 'storing', NULL);
INSERT INTO public.event VALUES (7, 3, 1795348800000000, 'storing', 'stored', NULL);
INSERT INTO public.event VALUES (8, 3, 1795348800000000, 'stored', 'publishing', NULL);
INSERT INTO public.event VALUES (9, 3, 1795348800000000, 'publishing', 'sent', NULL);
INSERT INTO public.event VALUES (10, 4, 1795348800000000, NULL, 'held', 'too many');
INSERT INTO public.event VALUES (11, 5, 1795348800000000, NULL, 'queued', NULL);
INSERT INTO public.event VALUES (12, 5, 1795348800000000, 'queued', 'storing', NULL);
INSERT INTO public.event VALUES (13, 5, 1795348800000000, 'storing', 'unconfirmed', NULL);
INSERT INTO public.event VALUES (14, 5, 1795348800000000, 'unconfirmed', 'held', NULL);
INSERT INTO public.event VALUES (15, 6, 1795348800000000, NULL, 'queued', NULL);
INSERT INTO public.event VALUES (16, 6, 1795348800000000, 'queued', 'storing', NULL);
INSERT INTO public.event VALUES (17, 6, 1795348800000000, 'storing', 'stored', NULL);
INSERT INTO public.event VALUES (18, 6, 1795348800000000, 'stored', 'publishing', NULL);
INSERT INTO public.event VALUES (19, 6, 1795348800000000, 'publishing', 'sent', NULL);
INSERT INTO public.event VALUES (20, 7, 1795348800000000, NULL, 'announced', NULL);
INSERT INTO public.event VALUES (21, 7, 1795348800000000, 'announced', 'spooled', NULL);
INSERT INTO public.event VALUES (22, 7, 1795348800000000, 'spooled', 'spooled', 'proven');
INSERT INTO public.event VALUES (23, 7, 1795348800000000, 'spooled', 'parsed', NULL);
INSERT INTO public.event VALUES (24, 8, 1795348800000000, NULL, 'announced', NULL);
INSERT INTO public.event VALUES (25, 8, 1795348800000000, 'announced', 'spooled', NULL);
INSERT INTO public.event VALUES (26, 8, 1795348800000000, 'spooled', 'spooled', 'proven');
INSERT INTO public.event VALUES (27, 8, 1795348800000000, 'spooled', 'parsed', NULL);
INSERT INTO public.event VALUES (28, 9, 1795348800000000, NULL, 'announced', NULL);
INSERT INTO public.event VALUES (29, 9, 1795348800000000, 'announced', 'spooled', NULL);
INSERT INTO public.event VALUES (30, 9, 1795348800000000, 'spooled', 'spooled', 'proven');
INSERT INTO public.event VALUES (31, 10, 1795348800000000, NULL, 'announced', NULL);
INSERT INTO public.event VALUES (32, 10, 1795348800000000, 'announced', 'spooled', NULL);
INSERT INTO public.event VALUES (33, 10, 1795348800000000, 'spooled', 'spooled', 'proven');
INSERT INTO public.event VALUES (34, 10, 1795348800000000, 'spooled', 'done', NULL);
INSERT INTO public.event VALUES (35, 11, 1795348800000000, NULL, 'announced', NULL);
INSERT INTO public.gate VALUES ('shop', 2, 'cellar/42', 1795348800000000, '', 0, false, 1795348800000000, '', 0, 900000000, NULL);
INSERT INTO public.goods VALUES ('shop', 'umbreit', '123456', '900', 1, 7);
INSERT INTO public.goods VALUES ('shop', 'umbreit', '123456', '900', 2, 7);
INSERT INTO public.interchange VALUES (1, 'shop', 'orders', 'out', 'S_123456_20261122120000', 'queued', 14, NULL, 'e86653d67fe213b3d0f13670aa33f0d07b7140dcbdf95e0f3013e8e413313542', 'spool/out/1.raw', false, NULL, NULL, NULL, 0, NULL, NULL, '/outbox/S_123456_20261122120000', 1795348800000000, 1795348800000000, true);
INSERT INTO public.interchange VALUES (8, 'shop', 'answers', 'in', 'R_2', 'parsed', 3, 1795348800000000, '3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3', 'spool/in/8.raw', true, NULL, NULL, NULL, 0, 1795348800000000, 'ELS', NULL, 1795348800000000, 1795348800000000, true);
INSERT INTO public.interchange VALUES (2, 'shop', 'orders', 'out', 'S_123456_20261122120001', 'stored', 14, NULL, '373eae4156824c0885c6d9afb819204142ac6b0011b7d84728d3a9a749c7a279', 'spool/out/2.raw', false, NULL, NULL, 'T_1', 0, 1795348800000000, NULL, '/outbox/S_123456_20261122120001', 1795348800000000, 1795348800000000, true);
INSERT INTO public.interchange VALUES (3, 'shop', 'orders', 'out', 'S_123456_20261122120002', 'sent', 14, NULL, '9d9b04b544ca2190d26b4746da53ae63bdabf184ad27bd16901b6c1f2eb1ac16', 'spool/out/3.raw', false, NULL, NULL, NULL, 0, 1795348800000000, NULL, '/outbox/S_123456_20261122120002', 1795348800000000, 1795348800000000, true);
INSERT INTO public.interchange VALUES (4, 'shop', 'orders', 'out', 'S_123456_20261122120003', 'held', 14, NULL, '92b790595b6e87c5f6beff78bb13dec1b5e2bbcef4ceb185be1a24c019553981', 'spool/out/4.raw', false, 'guard', 'too many', NULL, 0, NULL, NULL, '/outbox/S_123456_20261122120003', 1795348800000000, 1795348800000000, true);
INSERT INTO public.interchange VALUES (5, 'shop', 'orders', 'out', 'S_123456_20261122120004', 'held', 14, NULL, '60bc3a5ecd886fa6c13c009a6ea2cbd9fbafe63ef9ab8f5d6d31aa7b166fd85b', 'spool/out/5.raw', false, 'doubt', 'its confirmation was lost', NULL, 0, 1795348800000000, NULL, '/outbox/S_123456_20261122120004', 1795348800000000, 1795348800000000, true);
INSERT INTO public.interchange VALUES (9, 'shop', 'answers', 'in', 'R_3', 'spooled', 5, 1795348800000000, '8b5b9db0c13db24256c829aa364aa90c6d2eba318b9232a4ab9313b954d3555f', 'spool/in/9.raw', true, NULL, NULL, NULL, 0, 1795348800000000, NULL, NULL, 1795348800000000, 1795348800000000, true);
INSERT INTO public.interchange VALUES (6, 'shop', 'orders', 'out', 'S_123456_20261122120005', 'sent', 14, NULL, 'cd0e33ce61d9d68cbca772133cb796080d1855d13e7c555f785a5c12dea0108a', 'spool/out/6.raw', false, NULL, NULL, NULL, 0, 1795348800000000, NULL, '/outbox/S_123456_20261122120005', 1795348800000000, 1795348800000000, true);
INSERT INTO public.interchange VALUES (7, 'shop', 'answers', 'in', 'R_1', 'parsed', 3, 1795348800000000, '7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed', 'spool/in/7.raw', true, NULL, NULL, NULL, 0, 1795348800000000, 'ELS', NULL, 1795348800000000, 1795348800000000, true);
INSERT INTO public.interchange VALUES (10, 'cb', 'stock', 'in', 'list.bhd', 'done', 4, 1795348800000000, 'a330395cc0a53ad1207736546afff4735940937564bbf75ce1edad40780d9139', 'spool/in/10.raw', true, NULL, NULL, NULL, 0, 1795348800000000, 'BHDART', NULL, 1795348800000000, 1795348800000000, true);
INSERT INTO public.interchange VALUES (11, 'shop', 'answers', 'in', 'R_4', 'announced', 9, 1795348800000000, NULL, NULL, false, NULL, NULL, NULL, 0, 1795348800000000, NULL, NULL, 1795348800000000, 1795348800000000, true);
INSERT INTO public.login VALUES (1, 'shop', 1, 'cellar/41', 1795348800000000, 1795348800000000, 'done', NULL, 'TLSv1.3');
INSERT INTO public.login VALUES (2, 'shop', 2, 'cellar/42', 1795348800000000, NULL, NULL, NULL, NULL);
INSERT INTO public.problem VALUES (1, 'shop', 'outbox', 'it cannot be read', 'mend it', 1795348800000000, 1795348800000000, 1, NULL);
INSERT INTO public.problem VALUES (2, 'shop', 'visit-failed', 'no answer', 'wait', 1795348800000000, 1795348800000000, 1, NULL);
INSERT INTO public.problem VALUES (3, '', 'disk-full', 'full', 'make room', 1795348800000000, 1795348800000000, 1, 1795348809000000);
INSERT INTO public.reference VALUES ('4700', 1);
INSERT INTO public.reference VALUES ('4701', 2);
INSERT INTO public.reference VALUES ('4702', 3);
INSERT INTO public.reference VALUES ('4703', 4);
INSERT INTO public.reference VALUES ('4704', 5);
INSERT INTO public.reference VALUES ('4705', 6);
INSERT INTO public.reference VALUES ('4705', 7);
INSERT INTO public.reference VALUES ('4702', 8);
INSERT INTO public.snapshot VALUES ('cb', 'stock', 'BHDART', '202611220700', 10);
INSERT INTO public.verdict VALUES (7, '{"format":"bwa-response","kind":"ELS","accepted":true,"findings":[],"codes":{},"header":{},"counts":{},"references":["4705"],"goods":[[1,{"supplier":"umbreit","receiver":"123456","note":"900","position":1}],[2,{"supplier":"umbreit","receiver":"123456","note":"900","position":2}]],"stamp":null}', '[]');
INSERT INTO public.verdict VALUES (8, '{"format":"bwa-response","kind":"ELS","accepted":true,"findings":[],"codes":{},"header":{},"counts":{},"references":["4702"],"goods":[],"stamp":null}', '[]');
INSERT INTO public.verdict VALUES (10, '{"format":"bwa-response","kind":"BHDART","accepted":true,"findings":[],"codes":{},"header":{},"counts":{"articles":2},"references":[],"goods":[],"stamp":"202611220700"}', '[]');
SELECT pg_catalog.setval('public.audit_id_seq', 1, true);
SELECT pg_catalog.setval('public.delivery_id_seq', 3, true);
SELECT pg_catalog.setval('public.event_id_seq', 35, true);
SELECT pg_catalog.setval('public.interchange_id_seq', 11, true);
SELECT pg_catalog.setval('public.login_id_seq', 2, true);
SELECT pg_catalog.setval('public.problem_id_seq', 3, true);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.account
    ADD CONSTRAINT pk_account PRIMARY KEY (name);
ALTER TABLE ONLY public.audit
    ADD CONSTRAINT pk_audit PRIMARY KEY (id);
ALTER TABLE ONLY public.delivery
    ADD CONSTRAINT pk_delivery PRIMARY KEY (id);
ALTER TABLE ONLY public.event
    ADD CONSTRAINT pk_event PRIMARY KEY (id);
ALTER TABLE ONLY public.gate
    ADD CONSTRAINT pk_gate PRIMARY KEY (account);
ALTER TABLE ONLY public.goods
    ADD CONSTRAINT pk_goods PRIMARY KEY (account, supplier, receiver, note, "position");
ALTER TABLE ONLY public.interchange
    ADD CONSTRAINT pk_interchange PRIMARY KEY (id);
ALTER TABLE ONLY public.login
    ADD CONSTRAINT pk_login PRIMARY KEY (id);
ALTER TABLE ONLY public.problem
    ADD CONSTRAINT pk_problem PRIMARY KEY (id);
ALTER TABLE ONLY public.reference
    ADD CONSTRAINT pk_reference PRIMARY KEY (reference, interchange_id);
ALTER TABLE ONLY public.snapshot
    ADD CONSTRAINT pk_snapshot PRIMARY KEY (account, channel, kind);
ALTER TABLE ONLY public.stamp
    ADD CONSTRAINT pk_stamp PRIMARY KEY (customer);
ALTER TABLE ONLY public.verdict
    ADD CONSTRAINT pk_verdict PRIMARY KEY (interchange_id);
ALTER TABLE ONLY public.delivery
    ADD CONSTRAINT uq_delivery_sink UNIQUE (sink, key);
ALTER TABLE ONLY public.login
    ADD CONSTRAINT uq_login_account UNIQUE (account, fence);
CREATE INDEX ix_audit_interchange_id ON public.audit USING btree (interchange_id);
CREATE INDEX ix_delivery_interchange_id ON public.delivery USING btree (interchange_id);
CREATE INDEX ix_delivery_open ON public.delivery USING btree (next_attempt) WHERE (delivered_at IS NULL);
CREATE INDEX ix_event_interchange_id ON public.event USING btree (interchange_id);
CREATE INDEX ix_interchange_key ON public.interchange USING btree (name, account, channel, direction, size, modified, id);
CREATE INDEX ix_interchange_sha256 ON public.interchange USING btree (sha256);
CREATE INDEX ix_interchange_source ON public.interchange USING btree (account) WHERE (source IS NOT NULL);
CREATE INDEX ix_interchange_state ON public.interchange USING btree (state, account, id);
CREATE UNIQUE INDEX ix_problem_open ON public.problem USING btree (account, code) WHERE (closed_at IS NULL);
CREATE INDEX ix_reference_interchange_id ON public.reference USING btree (interchange_id);
ALTER TABLE ONLY public.audit
    ADD CONSTRAINT fk_audit_interchange_id FOREIGN KEY (interchange_id) REFERENCES public.interchange(id);
ALTER TABLE ONLY public.delivery
    ADD CONSTRAINT fk_delivery_interchange_id FOREIGN KEY (interchange_id) REFERENCES public.interchange(id);
ALTER TABLE ONLY public.event
    ADD CONSTRAINT fk_event_interchange_id FOREIGN KEY (interchange_id) REFERENCES public.interchange(id);
ALTER TABLE ONLY public.goods
    ADD CONSTRAINT fk_goods_interchange_id FOREIGN KEY (interchange_id) REFERENCES public.interchange(id);
ALTER TABLE ONLY public.reference
    ADD CONSTRAINT fk_reference_interchange_id FOREIGN KEY (interchange_id) REFERENCES public.interchange(id);
ALTER TABLE ONLY public.snapshot
    ADD CONSTRAINT fk_snapshot_interchange_id FOREIGN KEY (interchange_id) REFERENCES public.interchange(id);
ALTER TABLE ONLY public.verdict
    ADD CONSTRAINT fk_verdict_interchange_id FOREIGN KEY (interchange_id) REFERENCES public.interchange(id);
