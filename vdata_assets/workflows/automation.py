"""When assets follow by themselves, once the automation sensor is turned on."""

import dagster as dg

FOLLOWS = dg.AutomationCondition.eager()

# A rejected partition must not hold up the others: the fan-in says which are missing.
FOLLOWS_ANY = FOLLOWS.without(~dg.AutomationCondition.any_deps_missing())
