"""Makes a synthetic world: people, their signup journeys, Snowplow events about them, dirt, and the truth beside it."""
