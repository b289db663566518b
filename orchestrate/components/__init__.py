"""Plans that come with Baton, to be used as sub-plans: what nearly every process needs, made once."""
