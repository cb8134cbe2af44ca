"""What is done to people is recorded by the database itself, and extra time is a fact that is never edited."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

KEPT = """
CREATE FUNCTION hotseat_person_fact_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is a record: it is never changed or deleted', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;

-- Emptying a table is a deletion too. Only a session that says so may (the test suite, between tests).
CREATE FUNCTION hotseat_person_fact_not_truncated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('hotseat.allow_truncate', true) IS DISTINCT FROM 'on' THEN
        RAISE EXCEPTION '% is a record: it is never emptied', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER act_kept BEFORE UPDATE OR DELETE ON accounts_act
    FOR EACH ROW EXECUTE FUNCTION hotseat_person_fact_kept();
CREATE TRIGGER act_not_truncated BEFORE TRUNCATE ON accounts_act EXECUTE FUNCTION hotseat_person_fact_not_truncated();
CREATE TRIGGER accommodation_kept BEFORE UPDATE OR DELETE ON accounts_accommodation
    FOR EACH ROW EXECUTE FUNCTION hotseat_person_fact_kept();
CREATE TRIGGER accommodation_not_truncated BEFORE TRUNCATE ON accounts_accommodation
    EXECUTE FUNCTION hotseat_person_fact_not_truncated();
CREATE TRIGGER person_never_deleted BEFORE DELETE ON accounts_user
    FOR EACH ROW EXECUTE FUNCTION hotseat_person_fact_kept();
"""
DROP_KEPT = """
DROP TRIGGER person_never_deleted ON accounts_user;
DROP TRIGGER accommodation_not_truncated ON accounts_accommodation;
DROP TRIGGER accommodation_kept ON accounts_accommodation;
DROP TRIGGER act_not_truncated ON accounts_act;
DROP TRIGGER act_kept ON accounts_act;
DROP FUNCTION hotseat_person_fact_not_truncated();
DROP FUNCTION hotseat_person_fact_kept();
"""

CHAIN = """
-- One text, hashed in the same way by accounts.acts; what people write is hashed first, so that no text runs into another.
CREATE FUNCTION hotseat_act_sha256(a accounts_act) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT encode(sha256(convert_to(concat_ws('|',
        a.previous_sha256, a.whom_id::text, a.seq::text,
        to_char(a.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        coalesce(a.by_id::text, 'nobody'), a.kind,
        encode(sha256(convert_to(a.via, 'UTF8')), 'hex'),
        encode(sha256(convert_to(a.changes::text, 'UTF8')), 'hex'),
        encode(sha256(convert_to(a.reason, 'UTF8')), 'hex')), 'UTF8')), 'hex')
$$;

-- The time, the number and the hashes are the database's own, whatever is given.
CREATE FUNCTION hotseat_act_follows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last_seq integer;
    last_sha text;
BEGIN
    PERFORM 1 FROM accounts_user WHERE id = NEW.whom_id FOR NO KEY UPDATE;
    SELECT seq, sha256 INTO last_seq, last_sha FROM accounts_act WHERE whom_id = NEW.whom_id ORDER BY seq DESC LIMIT 1;
    NEW.seq := coalesce(last_seq, 0) + 1;
    NEW.previous_sha256 := coalesce(last_sha, repeat('0', 64));
    NEW.at := clock_timestamp();
    NEW.sha256 := hotseat_act_sha256(NEW);
    RETURN NEW;
END $$;
CREATE TRIGGER act_follows BEFORE INSERT ON accounts_act FOR EACH ROW EXECUTE FUNCTION hotseat_act_follows();

CREATE FUNCTION hotseat_record_act(
    whom bigint, kind text, changes jsonb, known_by bigint DEFAULT NULL, known_reason text DEFAULT NULL
) RETURNS void LANGUAGE sql AS $$
    INSERT INTO accounts_act (whom_id, kind, changes, by_id, via, reason) VALUES (
        whom, kind, changes,
        coalesce(known_by, nullif(current_setting('hotseat.by', true), '')::bigint),
        coalesce(nullif(current_setting('hotseat.via', true), ''), 'database role ' || session_user),
        coalesce(known_reason, current_setting('hotseat.reason', true), ''))
$$;
"""
DROP_CHAIN = """
DROP FUNCTION hotseat_record_act(bigint, text, jsonb, bigint, text);
DROP TRIGGER act_follows ON accounts_act;
DROP FUNCTION hotseat_act_follows();
DROP FUNCTION hotseat_act_sha256(accounts_act);
"""

RECORDED = """
CREATE FUNCTION hotseat_person_shown(u accounts_user) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object('email', u.email, 'name', u.name, 'role', u.role, 'time_zone', u.time_zone,
        'is_active', u.is_active, 'is_staff', u.is_staff, 'is_superuser', u.is_superuser)
$$;

CREATE FUNCTION hotseat_person_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changes jsonb;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT jsonb_object_agg(key, jsonb_build_array(NULL, value)) INTO changes FROM jsonb_each(hotseat_person_shown(NEW));
        PERFORM hotseat_record_act(NEW.id, 'person.made', changes);
        RETURN NULL;
    END IF;
    SELECT coalesce(jsonb_object_agg(n.key, jsonb_build_array(o.value, n.value)), '{}') INTO changes
        FROM jsonb_each(hotseat_person_shown(OLD)) o JOIN jsonb_each(hotseat_person_shown(NEW)) n ON o.key = n.key
        WHERE o.value IS DISTINCT FROM n.value;
    IF OLD.password IS DISTINCT FROM NEW.password THEN
        changes := changes || '{"password": ["not shown", "another, not shown"]}';
    END IF;
    IF changes <> '{}' THEN
        PERFORM hotseat_record_act(NEW.id, 'person.changed', changes);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER person_changes AFTER INSERT OR UPDATE ON accounts_user
    FOR EACH ROW EXECUTE FUNCTION hotseat_person_changes();

-- A token is named by the beginning of its hash; of the token itself nothing is kept here.
CREATE FUNCTION hotseat_token_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP IN ('UPDATE', 'DELETE') THEN
        PERFORM hotseat_record_act(OLD.user_id, 'token.ended', jsonb_build_object(
            'token', jsonb_build_array(left(OLD.digest, 12), NULL), 'expires', jsonb_build_array(OLD.expiry, NULL)));
    END IF;
    IF TG_OP IN ('UPDATE', 'INSERT') THEN
        PERFORM hotseat_record_act(NEW.user_id, 'token.made', jsonb_build_object(
            'token', jsonb_build_array(NULL, left(NEW.digest, 12)), 'expires', jsonb_build_array(NULL, NEW.expiry)));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER token_changes AFTER INSERT OR UPDATE OR DELETE ON knox_authtoken
    FOR EACH ROW EXECUTE FUNCTION hotseat_token_changes();

CREATE FUNCTION hotseat_accommodation_granted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before integer;
BEGIN
    IF btrim(NEW.reason, E' \\t\\r\\n') = '' THEN
        RAISE EXCEPTION 'an accommodation says why it is granted' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    SELECT multiplier_percent INTO before FROM accounts_accommodation
        WHERE learner_id = NEW.learner_id ORDER BY id DESC LIMIT 1;
    NEW.granted_at := clock_timestamp();
    PERFORM hotseat_record_act(NEW.learner_id, 'accommodation.granted', jsonb_build_object(
        'multiplier_percent', jsonb_build_array(coalesce(before, 100), NEW.multiplier_percent)), NEW.granted_by_id, NEW.reason);
    RETURN NEW;
END $$;
CREATE TRIGGER accommodation_granted BEFORE INSERT ON accounts_accommodation
    FOR EACH ROW EXECUTE FUNCTION hotseat_accommodation_granted();

-- Who was here before this was recorded begins with what they are now.
SELECT hotseat_record_act(u.id, 'person.found',
    (SELECT jsonb_object_agg(key, jsonb_build_array(NULL, value)) FROM jsonb_each(hotseat_person_shown(u))))
FROM accounts_user u;
"""
DROP_RECORDED = """
DROP TRIGGER accommodation_granted ON accounts_accommodation;
DROP FUNCTION hotseat_accommodation_granted();
DROP TRIGGER token_changes ON knox_authtoken;
DROP FUNCTION hotseat_token_changes();
DROP TRIGGER person_changes ON accounts_user;
DROP FUNCTION hotseat_person_changes();
DROP FUNCTION hotseat_person_shown(accounts_user);
"""


class Migration(migrations.Migration):
    """A table, and triggers that write it."""

    dependencies = [("accounts", "0001_initial"), ("knox", "0009_extend_authtoken_field")]

    operations = [
        migrations.AlterField(
            "accommodation",
            "learner",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="accommodations", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.CreateModel(
            "Act",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("seq", models.PositiveIntegerField()),
                ("at", models.DateTimeField()),
                ("via", models.CharField(max_length=120)),
                ("kind", models.CharField(max_length=60)),
                ("changes", models.JSONField(default=dict)),
                ("reason", models.TextField(blank=True, default="")),
                ("previous_sha256", models.CharField(max_length=64)),
                ("sha256", models.CharField(max_length=64)),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "whom",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="acts", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("whom", "seq"), name="act_seq_once")]},
        ),
        migrations.RunSQL(KEPT, DROP_KEPT),
        migrations.RunSQL(CHAIN, DROP_CHAIN),
        migrations.RunSQL(RECORDED, DROP_RECORDED),
    ]
