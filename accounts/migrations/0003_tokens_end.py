"""A token has an end, whoever makes it; those without one, which the operators' pages used to make, end now."""

from django.db import migrations

ENDED = """
SELECT set_config('hotseat.via', 'migration accounts.0003_tokens_end', true),
    set_config('hotseat.reason', 'It had no end: the operators'' pages could make such a token for anybody.', true);
DELETE FROM knox_authtoken WHERE expiry IS NULL;
SELECT set_config('hotseat.via', '', true), set_config('hotseat.reason', '', true);
"""
ENDS = """
CREATE FUNCTION hotseat_token_ends() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.expiry IS NULL THEN
        RAISE EXCEPTION 'a token has an end' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER token_ends BEFORE INSERT OR UPDATE ON knox_authtoken
    FOR EACH ROW EXECUTE FUNCTION hotseat_token_ends();
"""
DROP_ENDS = """
DROP TRIGGER token_ends ON knox_authtoken;
DROP FUNCTION hotseat_token_ends();
"""


class Migration(migrations.Migration):
    """A trigger: the table is the library's."""

    dependencies = [("accounts", "0002_acts"), ("knox", "0009_extend_authtoken_field")]

    operations = [
        migrations.RunSQL(ENDED, migrations.RunSQL.noop),
        migrations.RunSQL(ENDS, DROP_ENDS),
    ]
