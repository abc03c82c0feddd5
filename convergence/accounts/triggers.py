"""What the database refuses about memberships, whoever asks."""

import pgtrigger

_RULE = """
IF TG_OP = 'UPDATE' AND NEW.organisation_id = OLD.organisation_id AND NEW.state = 'active'
        AND NEW.type IN ('mandataire', 'representant') THEN
    RETURN NULL;
END IF;
-- Two managers may leave at once: the lock makes the second one wait and see the first one gone.
PERFORM 1 FROM accounts_organisation WHERE id = OLD.organisation_id FOR UPDATE;
IF FOUND AND NOT EXISTS (
    SELECT 1 FROM accounts_membership WHERE organisation_id = OLD.organisation_id
        AND state = 'active' AND type IN ('mandataire', 'representant')
) THEN
    RAISE EXCEPTION 'membership_keep_a_manager: the organisation % would have no manager', OLD.organisation_id
        USING ERRCODE = 'check_violation';
END IF;
RETURN NULL;
"""

#: At commit, an organisation that had an active mandataire or représentant still has one (BR-221).
KEEP_A_MANAGER = pgtrigger.Trigger(
    name="membership_keep_a_manager",
    operation=pgtrigger.Update | pgtrigger.Delete,
    when=pgtrigger.After,
    timing=pgtrigger.Deferred,
    condition=pgtrigger.Condition("OLD.state = 'active' AND OLD.type IN ('mandataire', 'representant')"),
    func=_RULE,
)
