// Put before all else in the test's copy of the report: what goes wrong while it loads.
const seen = { errors: [], refused: [] };
addEventListener("error", (event) => seen.errors.push(event.message));
addEventListener("securitypolicyviolation", (event) => seen.refused.push(event.blockedURI));
