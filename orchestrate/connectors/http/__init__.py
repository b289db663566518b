"""Services over HTTP: guarded, keyed, and held to an OpenAPI contract where there is one."""
