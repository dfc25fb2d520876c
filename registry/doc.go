// Package registry asks container registries: which tags has a repository, which
// digest does a tag stand for, and what does an image say of itself. It speaks to
// them through google/go-containerregistry and adds what a daemon needs around it,
// as http.RoundTrippers that wrap one another:
//
//	pings   → asks each host once how it wants credentials
//	guard   → keeps credentials at the registry's own host and tidies Link headers
//	retry   → tries again after 429, 5xx and network errors, with jitter
//	breaker → leaves a host alone from which nothing but failures comes
//	limit   → one token bucket, one bound on requests in flight, and the pauses
//	          that a host asks for
//	attempt → one request: a time limit, and a bound on the answer's body
//	network → TLS, proxies, and which addresses a registry may lead us to
//
// Each repository has a session, which is its login, from round to round; so a
// round costs a request for each repository where it fits on a page. Lists are
// read here and not by go-containerregistry, without a copy of each tag, and with
// an ETag only when they have changed. Mirrors are asked before the host that
// they mirror, each with what is its own: budget, credentials and TLS.
//
// A Client is shared by everything in the process, so that a host has one
// budget however many policies name it. A Round is a Client that remembers, so
// that a repository named by several policies is listed once a round.
//
// The package refuses to follow a redirect or a Link to another host, that of a
// blob aside, which is followed without credentials and not into the network; to
// speak plain HTTP to a host that wasn't declared so (loopback aside); and to read
// lists without end. It knows nothing of policies: every well-formed tag is
// returned, and choosing is left to the caller.
package registry
