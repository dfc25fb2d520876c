// Package registry asks container registries: which tags has a repository, which
// digest does a tag stand for, and what does an image say of itself. It speaks to
// them through google/go-containerregistry and adds what a daemon needs around it,
// as http.RoundTrippers that wrap one another:
//
//	guard   → keeps credentials at the registry's own host and tidies Link headers
//	retry   → tries again after 429, 5xx and network errors, with jitter
//	limit   → one token bucket, one bound on requests in flight, one hold a host
//	attempt → one request: a time limit, and a bound on the answer's body
//
// A Client is shared by everything in the process, so that a host has one
// budget however many policies name it. A Round is a Client that remembers, so
// that a repository named by several policies is listed once a round.
//
// The package refuses to follow a redirect or a Link to another host, to speak
// plain HTTP to a host that wasn't declared so (loopback aside), and to read
// lists without end. It knows nothing of policies: every well-formed tag is
// returned, and choosing is left to the caller.
package registry
